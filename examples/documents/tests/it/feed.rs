//! Keys come from identity's feed, over mutual TLS, and again after an interruption.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::identity::v1 as identity;
use contract::identity::v1::peer_service_server::{PeerService, PeerServiceServer};
use documents::{Certificates, Feed, Keys};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::upstream::{Gate, NOW};

/// An identity whose feed is interrupted after each event, and that notes from where it was asked.
#[derive(Clone, Default)]
struct FakeIdentity {
    events: Arc<Vec<identity::Event>>,
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

#[tonic::async_trait]
impl PeerService for FakeIdentity {
    async fn authenticate_api_key(
        &self,
        _: Request<identity::AuthenticateApiKeyRequest>,
    ) -> Result<Response<identity::AuthenticateApiKeyResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn publish_assertion_key(
        &self,
        _: Request<identity::PublishAssertionKeyRequest>,
    ) -> Result<Response<identity::PublishAssertionKeyResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn report_api_key_use(
        &self,
        _: Request<identity::ReportApiKeyUseRequest>,
    ) -> Result<Response<identity::ReportApiKeyUseResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn report_tenant_deleted(
        &self,
        _: Request<identity::ReportTenantDeletedRequest>,
    ) -> Result<Response<identity::ReportTenantDeletedResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    type FollowStream = ReceiverStream<Result<identity::FollowResponse, Status>>;

    async fn follow(&self, request: Request<identity::FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        let asked = request.into_inner();
        self.asked.lock().unwrap().push((asked.epoch, asked.after));
        let (to_follower, from_identity) = tokio::sync::mpsc::channel(4);
        let event = self.events.get(usize::try_from(asked.after).unwrap()).cloned();
        let number = asked.after + u64::from(event.is_some());
        let message = identity::FollowResponse { epoch: "e1".to_owned(), number, event };
        to_follower.send(Ok(message)).await.unwrap();
        Ok(Response::new(ReceiverStream::new(from_identity)))
    }
}

fn published(key_id: &str, use_: identity::KeyUse, jwk: &str) -> identity::Event {
    let key = identity::VerificationKey {
        key_id: key_id.to_owned(),
        r#use: use_.into(),
        jwk: jwk.to_owned(),
        issuer: String::new(),
        not_after: Some(contract_timestamp(NOW.unix_timestamp() + 86_400)),
    };
    identity::Event { event: Some(identity::event::Event::KeyPublished(key)) }
}

fn contract_timestamp(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}

/// An authority that signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name, and its key, in PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

async fn serve(fake: FakeIdentity, authority: &Authority) -> SocketAddr {
    let (certificate, key) = authority.sign("identity");
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(certificate, key))
        .client_ca_root(Certificate::from_pem(authority.pem()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().tls_config(tls).unwrap().add_service(PeerServiceServer::new(fake));
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

fn feed(address: SocketAddr, certified_by: &Authority, believes: &Authority, keys: Keys) -> (Feed, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let certificates = ["certificate", "key", "ca"].map(|name| folder.path().join(name));
    let (certificate, key) = certified_by.sign("documents");
    for (file, content) in certificates.iter().zip([certificate, key, believes.pem()]) {
        std::fs::write(file, content).unwrap();
    }
    let [certificate, key, ca] = certificates;
    (Feed::new(vec![format!("https://{address}")], Certificates { certificate, key, ca }, keys).unwrap(), folder)
}

#[tokio::test]
async fn keys_are_taken_in_and_the_feed_goes_on_where_it_was_interrupted() {
    let authority = Authority::new();
    let gate = Gate::new("gate-1");
    let fake = FakeIdentity {
        events: Arc::new(vec![
            published("identity-1", identity::KeyUse::AccessToken, &gate.jwk),
            published("broken", identity::KeyUse::Assertion, "{}"),
            published("gate-1", identity::KeyUse::Assertion, &gate.jwk),
        ]),
        ..FakeIdentity::default()
    };
    let address = serve(fake.clone(), &authority).await;
    let keys = Keys::default();
    let caught_up = async {
        while !keys.are_there() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (feed, _folder) = feed(address, &authority, &authority, keys.clone());
    tokio::select! {
        () = feed.follow() => {}
        () = caught_up => {}
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("no key came"),
    }
    assert!(keys.set.contains("gate-1") && !keys.set.contains("broken"));
    assert!(!keys.set.contains("identity-1"), "keys for access tokens are of no use here");
    let asked = fake.asked.lock().unwrap().clone();
    let expected = [("", 0), ("e1", 1), ("e1", 2)].map(|(epoch, after)| (epoch.to_owned(), after));
    assert_eq!(asked[..3], expected);
}

#[tokio::test]
async fn an_identity_that_another_authority_signed_is_not_believed() {
    let (authority, other) = (Authority::new(), Authority::new());
    let gate = Gate::new("gate-1");
    let events = Arc::new(vec![published("gate-1", identity::KeyUse::Assertion, &gate.jwk)]);
    let address = serve(FakeIdentity { events, ..FakeIdentity::default() }, &other).await;
    let keys = Keys::default();
    let (feed, _folder) = feed(address, &authority, &authority, keys.clone());
    tokio::select! {
        () = feed.follow() => {}
        () = tokio::time::sleep(Duration::from_secs(1)) => {}
    }
    assert!(!keys.are_there());
}
