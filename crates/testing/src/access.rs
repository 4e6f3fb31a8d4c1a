//! Calls every RPC of a service on its direct port as everyone who may not: one test for all services and all RPCs to come.
//!
//! Driven by the table of RPCs, so that an RPC added tomorrow is tested tomorrow. The messages are empty: whoever is refused
//! before the handler is refused whatever they send.

use std::time::Duration;

use bytes::Buf as _;
use chassis::error::reason_of;
use chassis::{Reason, Service};
use contract::header;
use contract::peer::PEERS;
use contract::rpc::{Entry, RPCS, Rpc};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::harness::{Credentials, Harness, unknown_key};

/// How long a refusal may take. A call that is let through may take for ever: it may be a stream.
const REFUSAL_MAX: Duration = Duration::from_secs(5);

/// Every scope that an RPC asks for, so that a call is never refused for a scope when something else is tested.
fn every_scope() -> Vec<&'static str> {
    RPCS.iter().map(|rpc| rpc.scope).filter(|scope| !scope.is_empty()).collect()
}

/// Calls every RPC of the service as nobody, as strangers, as a caller of another tenant, with somebody else's assertion, with a token
/// and a key where they are not taken, and as each service of the plane that may not call it.
///
/// # Panics
/// If one of them is let in, or refused for another reason than the one that the contract says. Names all.
pub async fn every_rpc_refuses_strangers<S: Service>(harness: &Harness) {
    let rpcs: Vec<&Rpc> = RPCS.iter().filter(|rpc| rpc.service == S::NAME).collect();
    assert!(!rpcs.is_empty(), "{} has no RPC in the table", S::NAME);
    let mut wrong = Vec::new();
    for rpc in rpcs {
        for attempt in attempts(harness, rpc) {
            let channel = attempt.peer.as_ref().map_or_else(|| harness.channel(), |peer| harness.channel_as_peer(peer));
            let answered = call(channel, rpc.path, &attempt.headers).await;
            if answered != Some(attempt.expected) {
                let (path, who, expected) = (rpc.path, attempt.who, attempt.expected.name());
                wrong.push(format!(
                    "{path} as {who}: {}, not {expected}",
                    answered.map_or("let in", |reason| reason.name())
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "refused otherwise than the contract says, or not at all:\n{}", wrong.join("\n"));
}

/// One caller who may not.
struct Attempt {
    who: String,
    peer: Option<String>,
    headers: Vec<(&'static str, String)>,
    expected: Reason,
}

impl Attempt {
    fn new(who: impl Into<String>, headers: Vec<(&'static str, String)>, expected: Reason) -> Self {
        Self { who: who.into(), peer: None, headers, expected }
    }
}

fn attempts(harness: &Harness, rpc: &'static Rpc) -> Vec<Attempt> {
    let mut attempts = with_nothing_genuine(rpc);
    attempts.extend(with_others_assertions(harness, rpc));
    attempts.extend(with_tokens(harness, rpc));
    attempts.extend(with_certificates(rpc));
    attempts
}

/// Nobody, and API keys, which no direct port takes.
fn with_nothing_genuine(rpc: &Rpc) -> Vec<Attempt> {
    let key = "bwk_0123456789abcdef_0000000000000000000000000000000000000000000000000";
    let nobody = match rpc.entry {
        Entry::Edge => Reason::GatewayRequired,
        Entry::Mesh => Reason::CredentialMissing,
        Entry::Peer => Reason::PeerRequired,
        Entry::Open => unreachable!("an open RPC belongs to no service"),
    };
    vec![
        Attempt::new("nobody", Vec::new(), nobody),
        Attempt::new("an API key", vec![("authorization", format!("Bearer {key}"))], Reason::ApiKeyAtDirectPort),
        Attempt::new("an API key in x-api-key", vec![("x-api-key", key.to_owned())], Reason::ApiKeyAtDirectPort),
        Attempt::new("basic credentials", vec![("authorization", "Basic YTpi".to_owned())], Reason::CredentialInvalid),
        Attempt::new("a forged assertion", vec![(header::ASSERTION, "a.b.c".to_owned())], Reason::CredentialInvalid),
    ]
}

/// Assertions, genuine but not for this call; or for this call but not genuine.
fn with_others_assertions(harness: &Harness, rpc: &'static Rpc) -> Vec<Attempt> {
    let caller = |scopes: &[&str]| harness.as_subject("acme", "service_account:admin", scopes);
    let all = every_scope();
    let shown = |credentials: Credentials| vec![credentials.header_for(rpc.path)];
    let refused = |at_peer_rpcs_otherwise: Reason| match rpc.entry {
        Entry::Peer => Reason::PeerRequired,
        Entry::Edge | Entry::Mesh | Entry::Open => at_peer_rpcs_otherwise,
    };
    let genuine = caller(&all).header_for(rpc.path);
    let other_tenant = (header::TENANT, "other".to_owned());
    let mut attempts = vec![
        Attempt::new("a stranger", shown(caller(&all).signed_by(&unknown_key())), Reason::CredentialInvalid),
        Attempt::new("a token's key", shown(caller(&all).signed_by(harness.token_key())), Reason::CredentialInvalid),
        Attempt::new("another tenant", vec![genuine.clone(), other_tenant], refused(Reason::TenantMismatch)),
        Attempt::new("two callers", vec![genuine.clone(), genuine.clone()], Reason::RequestAmbiguous),
        Attempt::new("no tenant's", vec![genuine, (header::TENANT, "No Tenant".to_owned())], Reason::RequestAmbiguous),
        Attempt::new(
            "the system tenant's",
            shown(harness.as_subject("system", "service_account:admin", &all)),
            refused(Reason::CredentialInvalid),
        ),
    ];
    for other in RPCS.iter().filter(|other| other.path != rpc.path && !other.service.is_empty()) {
        let expected =
            if other.service == rpc.service { refused(Reason::GatewayRequired) } else { Reason::CredentialInvalid };
        attempts.push(Attempt::new(
            format!("a caller of {}", other.path),
            shown(caller(&all).meant_for(other.path)),
            expected,
        ));
    }
    if !rpc.scope.is_empty() {
        let others: Vec<&str> = all.iter().copied().filter(|scope| *scope != rpc.scope).collect();
        attempts.push(Attempt::new(
            "a credential without the scope",
            shown(caller(&others)),
            refused(Reason::ScopeMissing),
        ));
    }
    if !rpc.anonymous {
        let nobody = harness.as_subject("", "", &all);
        let expected = match rpc.entry {
            Entry::Peer => Reason::PeerRequired,
            // Gate mints no assertion about nobody for it, so whoever made this one is not to be believed.
            Entry::Edge | Entry::Mesh | Entry::Open => Reason::GatewayRequired,
        };
        attempts.push(Attempt::new("nobody, says gate", shown(nobody), expected));
    }
    attempts
}

/// Access tokens, where only the edge or a peer may enter, or not for this call.
fn with_tokens(harness: &Harness, rpc: &Rpc) -> Vec<Attempt> {
    let all = every_scope();
    let token = harness.with_token("acme", "service_account:admin", &all);
    let stranger = token.clone().signed_by(&unknown_key()).header_for(rpc.path);
    let gate = token.clone().signed_by(harness.assertion_key()).header_for(rpc.path);
    let token = token.header_for(rpc.path);
    let mut attempts = vec![
        Attempt::new("a stranger's token", vec![stranger], Reason::CredentialInvalid),
        Attempt::new("a token that gate signed", vec![gate], Reason::CredentialInvalid),
        Attempt::new("a token as an assertion", vec![(header::ASSERTION, bare(&token.1))], Reason::CredentialInvalid),
    ];
    match rpc.entry {
        Entry::Edge => attempts.push(Attempt::new("a token", vec![token], Reason::GatewayRequired)),
        Entry::Peer => attempts.push(Attempt::new("a token", vec![token], Reason::PeerRequired)),
        Entry::Mesh => {
            let named = (header::TENANT, "other".to_owned());
            attempts.push(Attempt::new("a token of another tenant", vec![token, named], Reason::TenantMismatch));
            let narrow = harness.with_token("acme", "service_account:admin", &["documents.read"]).header_for(rpc.path);
            attempts.push(Attempt::new("a token without the scope", vec![narrow], Reason::ScopeMissing));
        }
        Entry::Open => {}
    }
    attempts
}

fn bare(authorization: &str) -> String {
    authorization.trim_start_matches("Bearer ").to_owned()
}

/// The services of the plane that may not call it, and those that may, in somebody's name without the right to.
fn with_certificates(rpc: &Rpc) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for peer in PEERS {
        let mut by_certificate = |who: &str, headers, expected| {
            let name = if peer.bound_to_tenant { format!("{}/acme", peer.name) } else { peer.name.to_owned() };
            let mut attempt = Attempt::new(format!("the service {name} {who}"), headers, expected);
            attempt.peer = Some(name);
            attempts.push(attempt);
        };
        let tenant = vec![(header::TENANT, "acme".to_owned())];
        match (rpc.entry, peer.may_call(rpc.path)) {
            (Entry::Edge, _) => by_certificate("", tenant, Reason::GatewayRequired),
            (Entry::Mesh | Entry::Peer, false) => by_certificate("", Vec::new(), Reason::PeerRequired),
            (Entry::Peer, true) => by_certificate("for a tenant", tenant, Reason::TenantMismatch),
            (Entry::Mesh, true) if peer.acts_for_tenants => {
                by_certificate("for no tenant", Vec::new(), Reason::TenantRequired)
            }
            (Entry::Mesh, true) => by_certificate("for a tenant", tenant, Reason::TenantMismatch),
            (Entry::Open, _) => {}
        }
    }
    attempts
}

/// Calls the RPC with an empty message; none if it is not refused in time, or not with a reason of ours.
async fn call(channel: Channel, path: &'static str, headers: &[(&'static str, String)]) -> Option<Reason> {
    let mut client = Grpc::new(channel);
    let mut request = Request::new(());
    for (name, value) in headers {
        let value = MetadataValue::try_from(value.as_str()).expect("what is shown is plain ASCII");
        request.metadata_mut().append(*name, value);
    }
    let refused = tokio::time::timeout(REFUSAL_MAX, async {
        client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        client.unary(request, PathAndQuery::from_static(path), EmptyMessages).await
    });
    match refused.await {
        Ok(Err(status)) => reason_of(&status),
        Ok(Ok(_)) | Err(_) => None,
    }
}

/// Sends messages without fields, and looks at none that come.
#[derive(Clone, Copy, Debug)]
struct EmptyMessages;

impl Codec for EmptyMessages {
    type Encode = ();
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for EmptyMessages {
    type Item = ();
    type Error = Status;

    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl Decoder for EmptyMessages {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}
