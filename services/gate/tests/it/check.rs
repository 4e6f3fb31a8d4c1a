//! Calls that may pass, and what the upstream then knows of them.

use std::collections::HashSet;

use contract::permissions::v1::consistency::Requirement;
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;

use crate::world::{DOCS, OWN_HOST, start_with_routes};

const ROADMAP: &str = "/v1/documents/roadmap";
const VIEW: &str = "acme document:roadmap#view@user:alice";

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_the_permission_passes_and_the_upstream_knows_who_it_is() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let key = world.new_key("acme", "user:alice", &["documents.read", "other"], None);

    let answer = world.get_as(key.expose(), "/v1/documents/roadmap?download=1").await;

    let claims = world.verified(&answer, "documents");
    assert_eq!((claims.subject.as_str(), claims.tenant.as_str()), ("user:alice", "acme"));
    assert_eq!((claims.route.as_str(), claims.permission.as_str()), ("read-document", "document#view"));
    assert_eq!((claims.credential.as_str(), claims.credential_kind.as_str()), (key.id().as_str(), "api_key"));
    assert_eq!(claims.scope, "documents.read other");
    assert_eq!(claims.expires_at - claims.issued_at, 60);
    assert!(answer.headers.contains_key("bailiwick-decision-id"));
    let removed: HashSet<_> = answer.removed.iter().map(String::as_str).collect();
    assert_eq!(removed, HashSet::from(["authorization", "x-api-key"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_given_and_taken_counts_at_the_next_call() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    assert_eq!(world.get_as(key.expose(), ROADMAP).await.denied(), (403, "forbidden"));
    world.permissions.allow(VIEW);
    assert_eq!(world.get_as(key.expose(), ROADMAP).await.code, 0);
    world.permissions.allow_no_more(VIEW);
    assert_eq!(world.get_as(key.expose(), ROADMAP).await.denied(), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_its_own_header_leaves_authorization_to_the_upstream() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "service_account:ci", &[], None);
    let headers = [("x-api-key", key.expose()), ("authorization", "Basic dXBzdHJlYW0=")];
    let answer = world.ask(DOCS, "GET", "/me", &headers).await;
    assert_eq!(world.verified(&answer, "documents").subject, "service_account:ci");
    assert_eq!(answer.removed, ["x-api-key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_passes_like_the_key_that_it_was_exchanged_for() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let (_, authorization) = world.gate.with_token("acme", "user:alice", &["documents.read"]).header_for("");
    let answer = world.ask(DOCS, "GET", ROADMAP, &[("authorization", &authorization)]).await;
    let claims = world.verified(&answer, "documents");
    assert_eq!((claims.subject.as_str(), claims.credential_kind.as_str()), ("user:alice", "access_token"));
    assert_eq!(claims.credential, "testkey000000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_passes_by_its_method() {
    let world = start_with_routes().await;
    world.permissions.allow("acme organization:acme#list_documents@service_account:ci");
    let key = world.new_key("acme", "service_account:ci", &[], None);
    let answer = world.call_as(key.expose(), DOCS, "/example.documents.v1.DocumentService/ListDocuments").await;
    assert_eq!(world.verified(&answer, "documents").permission, "organization#list_documents");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_of_an_open_route_hears_of_nobody() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    for (bearer, is_ours) in [(key.expose(), true), ("bwk_wrong", true), ("not.a.token", false)] {
        let answer = world.get_as(bearer, "/open").await;
        let claims = world.verified(&answer, "documents");
        assert_eq!((claims.subject.as_str(), claims.tenant.as_str(), claims.credential_kind.as_str()), ("", "", ""));
        // A credential that may be the upstream's own is passed on; an API key never is.
        assert_eq!(answer.removed.contains(&"authorization".to_owned()), is_ours, "{bearer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_caller_is_optional_one_that_is_shown_must_be_good() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.verified(&world.get("/greet").await, "documents").subject, "");
    assert_eq!(world.verified(&world.get_as(key.expose(), "/greet").await, "documents").subject, "user:alice");
    assert_eq!(world.get_as("not.a.token", "/greet").await.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rpc_of_bailiwicks_own_gets_the_assertion_that_its_service_asks_for() {
    let world = start_with_routes().await;
    world.permissions.allow("system tenant:globex#read_routes@service_account:globex/admin");
    world.permissions.allow("system system:bailiwick#manage_hosts@service_account:globex/admin");
    let key = world.new_key("globex", "service_account:admin", &["gate.read", "system.read"], None);
    for (path, permission) in [
        ("/bailiwick.gate.v1.RouteService/ListRoutes", "tenant#read_routes"),
        ("/bailiwick.gate.v1.HostService/ListHosts", "system#manage_hosts"),
    ] {
        let claims = world.verified(&world.call_as(key.expose(), OWN_HOST, path).await, "gate");
        assert_eq!((claims.route.as_str(), claims.permission.as_str()), (path, permission));
        assert_eq!(claims.tenant, "globex");
    }
    let write = "/bailiwick.gate.v1.RouteService/ApplyRoutes";
    assert_eq!(world.call_as(key.expose(), OWN_HOST, write).await.denied(), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_that_gate_minted_is_taken_by_gate_itself() {
    let world = start_with_routes().await;
    world.permissions.allow("system tenant:acme#read_routes@service_account:acme/admin");
    let key = world.new_key("acme", "service_account:admin", &["gate.read"], None);
    let answer = world.call_as(key.expose(), OWN_HOST, "/bailiwick.gate.v1.RouteService/ListRoutes").await;
    let mut request = tonic::Request::new(contract::gate::v1::ListRoutesRequest::default());
    request.metadata_mut().insert("bailiwick-assertion", answer.headers["bailiwick-assertion"].parse().unwrap());
    let mut client = contract::gate::v1::route_service_client::RouteServiceClient::new(world.gate.channel());
    assert_eq!(client.list_routes(request).await.unwrap().into_inner().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bootstrap_is_open_to_callers_without_a_credential() {
    let world = start_with_routes().await;
    let path = "/bailiwick.identity.v1.TenantService/Bootstrap";
    let answer = world.ask(OWN_HOST, "POST", path, &[("content-type", "application/grpc")]).await;
    let claims = world.verified(&answer, "identity");
    assert_eq!((claims.subject.as_str(), claims.route.as_str(), claims.permission.as_str()), ("", path, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_used_again_while_half_of_its_life_remains() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let minted = async || world.get_as(key.expose(), "/me").await.headers["bailiwick-assertion"].clone();
    let first = minted().await;
    world.gate.clock().advance(time::Duration::seconds(30));
    assert_eq!(minted().await, first);
    world.gate.clock().advance(time::Duration::seconds(1));
    assert_ne!(minted().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_14_an_assertion_of_one_caller_is_never_anothers() {
    let world = start_with_routes().await;
    let alice = world.new_key("acme", "user:alice", &[], None);
    let keys = [
        world.new_key("acme", "user:bob", &[], None),
        world.new_key("acme", "service_account:alice", &[], None),
        world.new_key("acme", "user:alice", &["more"], None),
        world.new_key("acme", "user:alice", &[], Some(time::Duration::seconds(20))),
    ];
    let mut seen = HashSet::from([world.get_as(alice.expose(), "/me").await.headers["bailiwick-assertion"].clone()]);
    for key in &keys {
        let answer = world.get_as(key.expose(), "/me").await;
        let claims = world.verified(&answer, "documents");
        assert_eq!(claims.credential, key.id().as_str());
        assert!(seen.insert(answer.headers["bailiwick-assertion"].clone()));
    }
    let last = world.verified(&world.get_as(keys[3].expose(), "/me").await, "documents");
    assert_eq!(last.expires_at - last.issued_at, 20, "an assertion ends no later than its credential");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_consistency_token_goes_along_for_its_own_tenants_objects() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    world.permissions.allow("system tenant:acme#read_routes@user:acme/alice");
    let key = world.new_key("acme", "user:alice", &["documents.read", "gate.read"], None);
    let authorization = format!("Bearer {}", key.expose());
    let asked = || world.permissions.last_asked().consistency.unwrap().requirement.unwrap();

    let headers = [("authorization", authorization.as_str()), ("bailiwick-consistency", "token-1")];
    assert_eq!(world.ask(DOCS, "GET", ROADMAP, &headers).await.code, 0);
    assert_eq!(asked(), Requirement::AtLeastAsFresh("token-1".to_owned()));

    assert_eq!(world.get_as(key.expose(), ROADMAP).await.code, 0);
    assert_eq!(asked(), Requirement::MinimizeLatency(true));

    let headers = [
        ("authorization", authorization.as_str()),
        ("bailiwick-consistency", "token-1"),
        ("content-type", "application/grpc"),
    ];
    assert_eq!(world.ask(OWN_HOST, "POST", "/bailiwick.gate.v1.RouteService/ListRoutes", &headers).await.code, 0);
    assert_eq!(asked(), Requirement::MinimizeLatency(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_envoy_sends_as_bytes_are_read_alike() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let raw =
        |key: &str, value: &[u8]| HeaderValue { key: key.to_owned(), value: String::new(), raw_value: value.to_vec() };
    let authorization = raw("authorization", format!("Bearer {}", key.expose()).as_bytes());
    let request = |headers: Vec<HeaderValue>| HttpRequest {
        host: DOCS.to_owned(),
        method: "GET".to_owned(),
        path: "/me".to_owned(),
        header_map: Some(HeaderMap { headers }),
        ..HttpRequest::default()
    };
    let answer = world.ask_http(request(vec![authorization.clone(), raw("x-other", b"\xff\x00")])).await;
    assert_eq!(world.verified(&answer, "documents").subject, "user:alice");
    let twice = world.ask_http(request(vec![authorization.clone(), authorization])).await;
    assert_eq!(twice.denied(), (400, "request_ambiguous"));
    let bytes = world.ask_http(request(vec![raw("authorization", b"Bearer \xff")])).await;
    assert_eq!(bytes.denied(), (400, "request_ambiguous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_about_a_key_answers_all_that_ask_at_once() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let before = world.gate.identity().times_asked();
    let asks = (0..16).map(|_| world.get_as(key.expose(), "/me"));
    assert!(futures::future::join_all(asks).await.iter().all(|answer| answer.code == 0));
    assert_eq!(world.gate.identity().times_asked() - before, 1);
}
