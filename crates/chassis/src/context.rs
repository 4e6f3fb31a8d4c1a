//! The context of one call: everything that a handler may know besides the message.

use std::sync::Arc;

use contract::peer::Peer;
use contract::rpc::Rpc;
use time::OffsetDateTime;

use crate::subject::{Subject, TenantId};
use crate::traces::TraceParent;

/// Who is calling, for which tenant, until when, and what time it is.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who is calling.
    pub caller: Caller,
    /// The tenant that the call is about. For a subject, its own; for a peer that acts for tenants, the one it named; for
    /// one that is bound to a tenant, that one.
    pub tenant: Option<TenantId>,
    /// The id of the request, for logs.
    pub request_id: Arc<str>,
    /// The trace that the call is part of, to be passed on.
    pub trace: Option<TraceParent>,
    /// When the caller stops waiting.
    pub deadline: tokio::time::Instant,
    /// The time of the call: one call sees one time.
    pub now: OffsetDateTime,
    /// The rules of the RPC that is called.
    pub rpc: &'static Rpc,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Somebody who shows no credential, on an RPC that lets anyone in.
    Nobody,
    /// A user or a service account.
    Subject(SubjectCaller),
    /// Another service of the plane.
    Peer(&'static Peer),
}

/// A user or a service account, as its credential says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectCaller {
    /// Who.
    pub subject: Subject,
    /// What the credential may be used for.
    pub scopes: Vec<String>,
    /// What was shown.
    pub credential: Credential,
    /// The id of what was shown.
    pub credential_id: String,
}

/// What a caller showed, first of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key, at the gateway.
    ApiKey,
    /// An access token, at the gateway or at the service.
    AccessToken,
    /// A client certificate, at the gateway.
    ClientCertificate,
}

impl Context {
    /// The tenant of the call.
    ///
    /// # Panics
    /// If the RPC lets callers in that have no tenant; the layers refuse every other call without one.
    pub fn tenant(&self) -> &TenantId {
        self.tenant.as_ref().expect("the authorize layer lets no call without a tenant through to this RPC")
    }

    /// The user or service account that calls.
    pub fn subject(&self) -> Option<&SubjectCaller> {
        match &self.caller {
            Caller::Subject(caller) => Some(caller),
            Caller::Nobody | Caller::Peer(_) => None,
        }
    }

    /// The caller in one word, for the audit trail: `user:alice`, `peer:gate`, `peer:envoy/acme` or `nobody`.
    pub fn actor(&self) -> String {
        match &self.caller {
            Caller::Nobody => "nobody".to_owned(),
            Caller::Subject(caller) => caller.subject.to_string(),
            Caller::Peer(peer) => match &self.tenant {
                Some(tenant) if peer.bound_to_tenant => format!("peer:{}/{tenant}", peer.name),
                Some(_) | None => format!("peer:{}", peer.name),
            },
        }
    }
}
