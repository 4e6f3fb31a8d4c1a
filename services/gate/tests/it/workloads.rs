//! Workloads that show a client certificate: Envoy tells the name in it, and identity's feed whose name it is.

use std::time::Duration;

use chassis::Subject;
use contract::gate::v1::{CallerRequirement, CredentialKind, Route};
use contract::identity::v1::event::Event;
use contract::identity::v1::{WorkloadBound, WorkloadUnbound};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request as AttributeRequest};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};

use crate::world::{self, Answer, DOCS, World, document_routes, http};

const CI: &str = "spiffe://td/ci";

impl World {
    fn bind(&self, spiffe_id: &str, tenant: &str, scopes: &[&str]) {
        let subject: Subject = "service_account:ci".parse().expect("a subject");
        self.gate.identity().publish(Event::WorkloadBound(WorkloadBound {
            spiffe_id: spiffe_id.to_owned(),
            tenant_id: tenant.to_owned(),
            subject: Some(subject.to_proto()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }));
    }

    fn unbind(&self, spiffe_id: &str) {
        let unbound = WorkloadUnbound { spiffe_id: spiffe_id.to_owned() };
        self.gate.identity().publish(Event::WorkloadUnbound(unbound));
    }

    /// Asks about a GET at [`DOCS`] over a connection with this certificate.
    async fn get_by(&self, principal: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let http = HttpRequest {
            host: DOCS.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers,
            ..HttpRequest::default()
        };
        let source = Some(Peer { principal: principal.to_owned(), ..Peer::default() });
        let request = Some(AttributeRequest { http: Some(http), ..AttributeRequest::default() });
        let attributes = AttributeContext { source, request, ..AttributeContext::default() };
        self.ask_envoy(CheckRequest { attributes: Some(attributes) }).await
    }
}

/// A world in which the workload `spiffe://td/ci` is acme's service account `ci`.
async fn start() -> World {
    let world = world::start_with_routes().await;
    world.permissions.allow("acme document:d1#view@service_account:ci");
    world.bind(CI, "acme", &["documents.read"]);
    world.eventually("the workload is known", async || world.get_by(CI, "/me", &[]).await.code == 0).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_gets_in_with_its_certificate_alone_and_the_upstream_knows_who_it_is() {
    let world = start().await;
    let claims = world.verified(&world.get_by(CI, "/v1/documents/d1", &[]).await, "documents");
    assert_eq!((claims.tenant.as_str(), claims.subject.as_str()), ("acme", "service_account:ci"));
    assert_eq!((claims.credential_kind.as_str(), claims.credential.as_str()), ("client_certificate", CI));
    assert_eq!(world.get_by(CI, "/v1/documents/d2", &[]).await.denied(), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_bound_to_nobody_gets_nobody_in() {
    let world = start().await;
    for stranger in ["spiffe://td/other", "spiffe://td/ci/", "spiffe://other/ci", "spiffe://td/CI"] {
        assert_eq!(world.get_by(stranger, "/me", &[]).await.denied(), (401, "credential_invalid"), "{stranger}");
    }
    // What Envoy tells of certificates that name no workload.
    for other in ["ci.example", "CN=ci", "CN=spiffe://td/ci"] {
        assert_eq!(world.get_by(other, "/me", &[]).await.denied(), (401, "credential_missing"), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_makes_a_workload_of_anybody() {
    let world = start().await;
    let forged = format!("Hash=0;URI={CI}");
    for headers in [[("x-forwarded-client-cert", forged.as_str())], [("x-envoy-peer-metadata", CI)]] {
        assert_eq!(world.get_by("", "/me", &headers).await.denied(), (401, "credential_missing"));
        assert_eq!(world.get_by("spiffe://td/other", "/me", &headers).await.denied(), (401, "credential_invalid"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_is_unbound_is_refused_within_five_seconds_although_it_was_let_in_before() {
    let world = start().await;
    world.unbind(CI);
    world.eventually("it is refused", async || world.get_by(CI, "/me", &[]).await.code != 0).await;
    assert_eq!(world.get_by(CI, "/me", &[]).await.denied(), (401, "credential_invalid"));
    world.bind(CI, "globex", &[]);
    let is_foreign = async || world.get_by(CI, "/me", &[]).await.denied() == (403, "forbidden");
    world.eventually("it is another tenant's", is_foreign).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_in_a_header_goes_before_the_certificate() {
    let world = start().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let bearer = format!("Bearer {}", key.expose());
    let claims = world.verified(&world.get_by(CI, "/me", &[("authorization", &bearer)]).await, "documents");
    assert_eq!((claims.subject.as_str(), claims.credential_kind.as_str()), ("user:alice", "api_key"));
    // One that is bad does not fall back to the certificate.
    let bad = world.get_by(CI, "/me", &[("authorization", "Bearer bwk_nonsense")]).await;
    assert_eq!(bad.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_anyone_may_come_a_strangers_certificate_is_nobodys() {
    let world = start().await;
    let claims = world.verified(&world.get_by("spiffe://td/other", "/greet", &[]).await, "documents");
    assert_eq!((claims.subject.as_str(), claims.credential_kind.as_str()), ("", ""));
    let claims = world.verified(&world.get_by(CI, "/greet", &[]).await, "documents");
    assert_eq!(claims.subject, "service_account:ci");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_takes_other_kinds_refuses_a_certificate_and_the_other_way_round() {
    let world = start().await;
    let taking = |name: &str, path: &str, kind: CredentialKind| Route {
        credentials: vec![kind.into()],
        ..http(name, path, CallerRequirement::Required)
    };
    let mut routes = document_routes();
    routes.push(taking("by-key", "/by-key", CredentialKind::ApiKey));
    routes.push(taking("by-certificate", "/by-certificate", CredentialKind::ClientCertificate));
    world.apply("acme", routes).await.expect("the routes are good");
    world.eventually("they are in force", async || world.get_by(CI, "/by-certificate", &[]).await.code == 0).await;
    assert_eq!(world.get_by(CI, "/by-key", &[]).await.denied(), (401, "credential_invalid"));
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.get_as(key.expose(), "/by-key").await.code, 0);
    assert_eq!(world.get_as(key.expose(), "/by-certificate").await.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_believed_no_longer_than_identity_is_heard() {
    let world = world::start_with(|config| config.identity_silence_seconds_max = 5).await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.expect("the routes are good");
    world.bind(CI, "acme", &[]);
    world.eventually("the workload is known", async || world.get_by(CI, "/me", &[]).await.code == 0).await;
    world.gate.identity().set_down(true);
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.eventually("it is refused", async || world.get_by(CI, "/me", &[]).await.code != 0).await;
    assert_eq!(world.get_by(CI, "/me", &[]).await.denied(), (503, "unavailable"));
}
