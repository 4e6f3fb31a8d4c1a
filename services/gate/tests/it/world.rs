//! A gate with an identity and a permissions service of the test's own, and what tests of it have in common.

use std::collections::HashMap;
use std::time::Duration;

use assertion::{AssertionClaims, Expectation, KeySet, KeyUse, Verifier};
use chassis::Clock as _;
use chassis::api_key::ApiKey;
use chassis::auth::ASSERTION_ISSUER;
use chassis::clock::SystemEntropy;
use chassis::config::{Addresses, PeerConfig};
use chassis::{Reason, Subject, timestamp};
use contract::gate::v1::decision_service_client::DecisionServiceClient;
use contract::gate::v1::host_service_client::HostServiceClient;
use contract::gate::v1::route_service_client::RouteServiceClient;
use contract::gate::v1::{
    ApplyRoutesRequest, AssignHostRequest, CallerRequirement, GrpcMatch, Host, HttpMatch, PermissionRequirement, Route,
    route,
};
use contract::identity::v1::AuthenticateApiKeyResponse;
use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request as AttributeRequest};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use gate::{Gate, GateConfig};
use testing::harness::{self, Credentials, Harness};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::permissions::{self, FakePermissions};

/// The host of Bailiwick's own API.
pub(crate) const OWN_HOST: &str = "bailiwick.localhost";

/// A host of the tenant acme.
pub(crate) const DOCS: &str = "docs.acme.example";

pub(crate) struct World {
    pub(crate) gate: Harness,
    pub(crate) permissions: FakePermissions,
    /// Envoy asks over one connection.
    envoy: AuthorizationClient<Channel>,
}

/// What Envoy was told.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The code that Envoy goes by: 0 lets the call pass.
    pub(crate) code: i32,
    /// The HTTP status of a denial; 200 for a call that passes.
    pub(crate) status: i32,
    /// Whether it is an error to Envoy rather than a denial.
    pub(crate) is_error: bool,
    /// Set on the request if it passes, on the answer if it does not.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) removed: Vec<String>,
    pub(crate) body: String,
}

pub(crate) async fn start() -> World {
    start_with(|_| {}).await
}

pub(crate) async fn start_with(adjust: impl FnOnce(&mut GateConfig)) -> World {
    let (listener, address) = permissions::listen().await;
    let section = |files: &harness::Files| {
        let mut config = GateConfig {
            assertion_key_file: files.p256_pem(),
            own_hosts: vec![OWN_HOST.to_owned()],
            assertion_seconds: 60,
            api_key_cache_seconds_max: 60,
            identity_silence_seconds_max: 60,
            routes_max: 100,
            decision_records_max: 100,
            decision_record_seconds_max: 900,
            decision_record_bytes_max: 64 * 1024 * 1024,
        };
        adjust(&mut config);
        config
    };
    let gate = harness::start_with::<Gate>(section, |config| {
        let address = Addresses::One(format!("https://{address}"));
        config.peers.insert("permissions".to_owned(), PeerConfig { address });
    })
    .await;
    let permissions = FakePermissions::default();
    permissions.serve(listener, gate.authority());
    let envoy = AuthorizationClient::new(gate.channel_as_peer("gateway"));
    World { gate, permissions, envoy }
}

/// A world in which acme has the host [`DOCS`] with the routes that the tests of decisions use.
pub(crate) async fn start_with_routes() -> World {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.expect("the routes are good");
    world.eventually("the routes are in force", async || world.get("/open").await.code == 0).await;
    world
}

pub(crate) fn document_routes() -> Vec<Route> {
    let view = PermissionRequirement { resource: "document:{document}".to_owned(), permission: "view".to_owned() };
    let list =
        PermissionRequirement { resource: "organization:acme".to_owned(), permission: "list_documents".to_owned() };
    let grpc =
        GrpcMatch { service: "example.documents.v1.DocumentService".to_owned(), method: "ListDocuments".to_owned() };
    let required = CallerRequirement::Required;
    vec![
        Route {
            scope: "documents.read".to_owned(),
            permissions: vec![view],
            ..http("read-document", "/v1/documents/{document:id}", required)
        },
        Route {
            r#match: Some(route::Match::Grpc(grpc)),
            permissions: vec![list],
            ..http("list-documents", "", required)
        },
        http("who-am-i", "/me", required),
        http("open", "/open", CallerRequirement::None),
        http("greet", "/greet", CallerRequirement::Optional),
    ]
}

/// A route that takes GET at [`DOCS`] and asks for nothing but its caller.
pub(crate) fn http(name: &str, path_template: &str, caller: CallerRequirement) -> Route {
    let matching = HttpMatch { method: "GET".to_owned(), path_template: path_template.to_owned() };
    Route {
        name: name.to_owned(),
        host: DOCS.to_owned(),
        r#match: Some(route::Match::Http(matching)),
        caller: caller.into(),
        audience: "documents".to_owned(),
        ..Route::default()
    }
}

/// The reason of a refusal.
pub(crate) fn reason<R: std::fmt::Debug>(answer: Result<Response<R>, Status>) -> Reason {
    chassis::error::reason_of(&answer.expect_err("the call is refused")).expect("a refusal has a reason")
}

impl World {
    /// From now on, another Envoy asks.
    pub(crate) fn comes_from(&mut self, peer: &str) {
        self.envoy = AuthorizationClient::new(self.gate.channel_as_peer(peer));
    }

    /// The tenant's routes, as its administrator.
    pub(crate) fn routes(&self, tenant: &str) -> RouteServiceClient<InterceptedService<Channel, Credentials>> {
        let administrator = self.gate.as_subject(tenant, "service_account:admin", &["gate.read", "gate.write"]);
        RouteServiceClient::with_interceptor(self.gate.channel(), administrator)
    }

    /// The tenant's decisions, as its administrator.
    pub(crate) fn decisions(&self, tenant: &str) -> DecisionServiceClient<InterceptedService<Channel, Credentials>> {
        let administrator = self.gate.as_subject(tenant, "service_account:admin", &["gate.read"]);
        DecisionServiceClient::with_interceptor(self.gate.channel(), administrator)
    }

    /// Hosts, as the administrator of the installation.
    pub(crate) fn hosts(&self) -> HostServiceClient<InterceptedService<Channel, Credentials>> {
        let administrator = self.gate.as_subject("acme", "service_account:admin", &["system.read", "system.write"]);
        HostServiceClient::with_interceptor(self.gate.channel(), administrator)
    }

    pub(crate) async fn assign(&self, host: &str, tenant: &str) {
        let host = Host { host: host.to_owned(), tenant_id: tenant.to_owned() };
        self.hosts().assign_host(AssignHostRequest { host: Some(host) }).await.expect("the host is free");
    }

    /// Applies routes, and answers their version.
    pub(crate) async fn apply(&self, tenant: &str, routes: Vec<Route>) -> Result<u64, Status> {
        let request = ApplyRoutesRequest { routes, expected_version: None };
        self.routes(tenant).apply_routes(request).await.map(|answer| answer.into_inner().version)
    }

    /// A key of this subject, known to identity.
    pub(crate) fn new_key(
        &self,
        tenant: &str,
        subject: &str,
        scopes: &[&str],
        lives: Option<time::Duration>,
    ) -> ApiKey {
        let key = ApiKey::generate(&SystemEntropy);
        let subject: Subject = subject.parse().expect("a subject");
        let owner = AuthenticateApiKeyResponse {
            api_key_id: key.id().to_string(),
            tenant_id: tenant.to_owned(),
            subject: Some(subject.to_proto()),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_at: lives.map(|lives| timestamp::to_proto(self.gate.clock().now() + lives)),
        };
        self.gate.identity().add_api_key(key.expose(), owner);
        key
    }

    /// Asks about a GET at [`DOCS`] that shows nothing.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(DOCS, "GET", path, &[]).await
    }

    /// Asks about a GET at [`DOCS`] with this bearer credential.
    pub(crate) async fn get_as(&self, bearer: &str, path: &str) -> Answer {
        self.ask(DOCS, "GET", path, &[("authorization", &format!("Bearer {bearer}"))]).await
    }

    /// Asks about a gRPC call with this bearer credential.
    pub(crate) async fn call_as(&self, bearer: &str, host: &str, path: &str) -> Answer {
        let authorization = format!("Bearer {bearer}");
        self.ask(host, "POST", path, &[("authorization", &authorization), ("content-type", "application/grpc")]).await
    }

    /// Asks as Envoy does.
    pub(crate) async fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.ask_http(HttpRequest {
            host: host.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            ..HttpRequest::default()
        })
        .await
    }

    pub(crate) async fn ask_http(&self, http: HttpRequest) -> Answer {
        let request = Some(AttributeRequest { http: Some(http), ..AttributeRequest::default() });
        self.ask_envoy(CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) })
            .await
    }

    pub(crate) async fn ask_envoy(&self, request: CheckRequest) -> Answer {
        let answer = self.envoy.clone().check(request).await.expect("every question ends in a decision").into_inner();
        let code = answer.status.expect("a decision has a status").code;
        match answer.http_response.expect("a decision says what becomes of the request") {
            HttpResponse::OkResponse(ok) => Answer {
                code,
                status: 200,
                is_error: false,
                headers: flat(ok.headers),
                removed: ok.headers_to_remove,
                body: String::new(),
            },
            HttpResponse::DeniedResponse(denied) => {
                let status = denied.status.expect("a denial has a status").code;
                Answer {
                    code,
                    status,
                    is_error: false,
                    headers: flat(denied.headers),
                    removed: Vec::new(),
                    body: denied.body,
                }
            }
            HttpResponse::ErrorResponse(error) => {
                let status = error.status.expect("an error has a status").code;
                Answer {
                    code,
                    status,
                    is_error: true,
                    headers: flat(error.headers),
                    removed: Vec::new(),
                    body: error.body,
                }
            }
        }
    }

    /// What gate signed about the caller, as the upstream `audience` verifies it.
    pub(crate) fn verified(&self, answer: &Answer, audience: &str) -> AssertionClaims {
        assert_eq!(answer.code, 0, "the call passes: {answer:?}");
        let keys = KeySet::default();
        for key in self.gate.identity().published_keys() {
            let not_after = timestamp::from_proto(&key.not_after.expect("a key has an end")).expect("a time");
            keys.publish(&key.key_id, KeyUse::Assertion, &key.jwk, not_after).expect("gate's key is good");
        }
        let verifier = Verifier::new(keys, Expectation::assertion(ASSERTION_ISSUER, audience));
        let token = &answer.headers["bailiwick-assertion"];
        AssertionClaims::clone(&verifier.verify(token, self.gate.clock().now()).expect("gate's word is good"))
    }

    /// Waits, at most five seconds, until this holds.
    pub(crate) async fn eventually(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for _ in 0..100 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not within five seconds: {what}");
    }
}

impl Answer {
    /// Whether the call is denied, and how.
    pub(crate) fn denied(&self) -> (i32, &str) {
        assert_ne!(self.code, 0, "the call is denied: {self:?}");
        assert!(!self.headers["bailiwick-decision-id"].is_empty(), "every denial can be found again");
        (self.status, self.headers["bailiwick-reason"].as_str())
    }
}

fn flat(headers: Vec<HeaderValueOption>) -> HashMap<String, String> {
    headers.into_iter().filter_map(|header| header.header).map(|header| (header.key, header.value)).collect()
}
