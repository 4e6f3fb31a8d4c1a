//! An identity of the test's own: a real gRPC server with real certificates, whose feed and keys the test decides.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chassis::clock::ManualClock;
use chassis::signing::SigningKey;
use chassis::{Clock as _, timestamp};
use contract::identity::v1 as proto;
use contract::identity::v1::peer_service_server::{PeerService, PeerServiceServer};
use futures::Stream;
use tokio::sync::watch;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use super::Files;
use crate::certificates::Authority;
use crate::place;

const EPOCH: &str = "6e0e1d1e-0000-4000-8000-000000000001";

/// What the test says to whoever follows or asks. Clones share it.
#[derive(Clone, Debug)]
pub struct FakeIdentity {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
    assertion_key: Arc<SigningKey>,
    token_key: Arc<SigningKey>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<proto::Event>,
    api_keys: HashMap<String, proto::AuthenticateApiKeyResponse>,
    published: Vec<proto::VerificationKey>,
    asked: u64,
    uses: Vec<Vec<proto::ApiKeyUse>>,
    deleted: Vec<proto::ReportTenantDeletedRequest>,
    down: bool,
}

impl FakeIdentity {
    pub(super) async fn start(authority: &Authority, files: &Files, clock: ManualClock) -> Self {
        let key = |path| Arc::new(SigningKey::read(path).expect("the test's own keys are good"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("the machine has a free port");
        let identity = Self {
            address: listener.local_addr().expect("a bound socket has an address"),
            state: Arc::default(),
            changed: Arc::new(watch::Sender::new(0)),
            assertion_key: key(&files.p256_pem()),
            token_key: key(&files.p256_pem()),
        };
        let not_after = clock.now() + time::Duration::days(300);
        for (use_, key) in
            [(proto::KeyUse::Assertion, &identity.assertion_key), (proto::KeyUse::AccessToken, &identity.token_key)]
        {
            identity.publish(proto::event::Event::KeyPublished(proto::VerificationKey {
                key_id: key.key_id().to_owned(),
                r#use: use_.into(),
                jwk: key.jwk().to_owned(),
                not_after: Some(timestamp::to_proto(not_after)),
                issuer: String::new(),
            }));
        }
        identity.serve(listener, authority);
        identity
    }

    fn serve(&self, listener: tokio::net::TcpListener, authority: &Authority) {
        let leaf = authority.keep_peer("identity").expect("the test has certificates");
        let read = |path: &std::path::Path| place::read_text(path).expect("the authority wrote the file");
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(read(&leaf.certificate), read(&leaf.key)))
            .client_ca_root(Certificate::from_pem(read(&authority.certificate_file())));
        let server = Server::builder()
            .tls_config(tls)
            .expect("the certificates are good")
            .add_service(PeerServiceServer::new(self.clone()))
            .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener));
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the test's runtime")]
        tokio::spawn(server);
    }

    /// Where it serves.
    pub fn address(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The key that this test's gate signs with.
    pub fn assertion_key(&self) -> &SigningKey {
        &self.assertion_key
    }

    /// The key that this test's identity signs access tokens with.
    pub fn token_key(&self) -> &SigningKey {
        &self.token_key
    }

    /// Adds an event to the feed.
    pub fn publish(&self, event: proto::event::Event) {
        self.state().events.push(proto::Event { event: Some(event) });
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Makes an API key known: in the feed, and to whoever asks.
    pub fn add_api_key(&self, key: &str, owner: proto::AuthenticateApiKeyResponse) {
        self.publish(proto::event::Event::ApiKeyCreated(proto::ApiKeyCreated {
            api_key_id: owner.api_key_id.clone(),
            tenant_id: owner.tenant_id.clone(),
            expires_at: owner.expires_at,
        }));
        self.state().api_keys.insert(key.to_owned(), owner);
    }

    /// Ends an API key, in the feed and for whoever asks.
    pub fn revoke_api_key(&self, key: &str) {
        let owner = self.state().api_keys.remove(key);
        if let Some(owner) = owner {
            let ended = proto::ApiKeyRevoked { api_key_id: owner.api_key_id, tenant_id: owner.tenant_id };
            self.publish(proto::event::Event::ApiKeyRevoked(ended));
        }
    }

    /// The keys that gate has published here.
    pub fn published_keys(&self) -> Vec<proto::VerificationKey> {
        self.state().published.clone()
    }

    /// How often somebody asked whose a key is.
    pub fn times_asked(&self) -> u64 {
        self.state().asked
    }

    /// The uses of API keys that gate has told of, a list for each time that it told.
    pub fn reported_uses(&self) -> Vec<Vec<proto::ApiKeyUse>> {
        self.state().uses.clone()
    }

    /// What was told of deleted tenants.
    pub fn reported_deletions(&self) -> Vec<proto::ReportTenantDeletedRequest> {
        self.state().deleted.clone()
    }

    /// From now on every call fails and every follower is cut off, or no more.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_up(&self) -> Result<(), Status> {
        if self.state().down { Err(Status::unavailable("down, as the test wants it")) } else { Ok(()) }
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<proto::FollowResponse, Status>> + Send>>;

#[tonic::async_trait]
impl PeerService for FakeIdentity {
    type FollowStream = Answers;

    async fn authenticate_api_key(
        &self,
        request: Request<proto::AuthenticateApiKeyRequest>,
    ) -> Result<Response<proto::AuthenticateApiKeyResponse>, Status> {
        self.check_up()?;
        let mut state = self.state();
        state.asked += 1;
        let owner = state.api_keys.get(&request.get_ref().api_key).cloned();
        let unknown = || {
            chassis::error::status(
                contract::Reason::CredentialInvalid,
                "the key is not valid".to_owned(),
                Vec::new(),
                "",
            )
        };
        owner.map(Response::new).ok_or_else(unknown)
    }

    async fn publish_assertion_key(
        &self,
        request: Request<proto::PublishAssertionKeyRequest>,
    ) -> Result<Response<proto::PublishAssertionKeyResponse>, Status> {
        self.check_up()?;
        let key = request.into_inner().key.ok_or_else(|| Status::invalid_argument("no key"))?;
        self.state().published.push(key.clone());
        self.publish(proto::event::Event::KeyPublished(key));
        Ok(Response::new(proto::PublishAssertionKeyResponse {}))
    }

    async fn report_api_key_use(
        &self,
        request: Request<proto::ReportApiKeyUseRequest>,
    ) -> Result<Response<proto::ReportApiKeyUseResponse>, Status> {
        self.check_up()?;
        self.state().uses.push(request.into_inner().uses);
        Ok(Response::new(proto::ReportApiKeyUseResponse {}))
    }

    async fn report_tenant_deleted(
        &self,
        request: Request<proto::ReportTenantDeletedRequest>,
    ) -> Result<Response<proto::ReportTenantDeletedResponse>, Status> {
        self.check_up()?;
        self.state().deleted.push(request.into_inner());
        Ok(Response::new(proto::ReportTenantDeletedResponse {}))
    }

    async fn follow(&self, request: Request<proto::FollowRequest>) -> Result<Response<Answers>, Status> {
        self.check_up()?;
        let asked = request.into_inner();
        let after = if asked.epoch == EPOCH { asked.after } else { 0 };
        let start = (self.clone(), self.changed.subscribe(), after);
        Ok(Response::new(Box::pin(futures::stream::unfold(start, |(identity, mut changed, at)| async move {
            let next = identity.next_after(at, &mut changed).await;
            let at = next.as_ref().map_or(at, |next| next.number);
            Some((next, (identity, changed, at)))
        }))))
    }
}

impl FakeIdentity {
    async fn next_after(&self, at: u64, changed: &mut watch::Receiver<u64>) -> Result<proto::FollowResponse, Status> {
        let heartbeat = proto::FollowResponse { epoch: EPOCH.to_owned(), number: at, event: None };
        changed.mark_unchanged();
        self.check_up()?;
        let event = usize::try_from(at).ok().and_then(|at| self.state().events.get(at).cloned());
        if let Some(event) = event {
            return Ok(proto::FollowResponse { epoch: EPOCH.to_owned(), number: at + 1, event: Some(event) });
        }
        // A change wakes it early; in its absence this is the feed's heartbeat, faster than the real one.
        let _ = tokio::time::timeout(Duration::from_millis(100), changed.changed()).await;
        Ok(heartbeat)
    }
}
