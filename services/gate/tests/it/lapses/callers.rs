//! Requests and credentials that are not what they seem.

use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request as AttributeRequest};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};

use super::decision;
use crate::world::{DOCS, OWN_HOST, start_with_routes};

#[tokio::test(flavor = "multi_thread")]
async fn lapse_14_what_is_remembered_of_one_caller_is_nobody_elses() {
    let world = start_with_routes().await;
    world.permissions.allow("acme document:roadmap#view@user:alice");
    let alice = world.new_key("acme", "user:alice", &["documents.read"], None);
    assert_eq!(world.get_as(alice.expose(), "/v1/documents/roadmap").await.code, 0);
    // Each differs from what has just passed in one thing.
    for (tenant, subject, scope) in [
        ("globex", "user:alice", "documents.read"),
        ("acme", "user:bob", "documents.read"),
        ("acme", "service_account:alice", "documents.read"),
        ("acme", "user:alice", "documents.write"),
    ] {
        let other = world.new_key(tenant, subject, &[scope], None);
        let answer = world.get_as(other.expose(), "/v1/documents/roadmap").await;
        assert_eq!(answer.denied(), (403, "forbidden"), "{tenant} {subject} {scope}");
    }
    let last = alice.expose().chars().last();
    let other_end = if last == Some('A') { "B" } else { "A" };
    let mistyped = format!("{}{other_end}", &alice.expose()[..alice.expose().len() - 1]);
    assert_eq!(world.get_as(&mistyped, "/v1/documents/roadmap").await.denied(), (401, "credential_invalid"));
    assert_eq!(world.get_as(alice.expose(), "/v1/documents/roadmaP").await.denied(), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_20_an_assertion_for_one_rpc_is_refused_by_another() {
    let world = start_with_routes().await;
    world.permissions.allow("system tenant:acme#read_routes@service_account:acme/admin");
    let key = world.new_key("acme", "service_account:admin", &["gate.read", "gate.write"], None);
    let answer = world.call_as(key.expose(), OWN_HOST, "/bailiwick.gate.v1.RouteService/ListRoutes").await;
    let assertion = answer.headers["bailiwick-assertion"].clone();
    let mut rerouted = tonic::Request::new(contract::gate::v1::ApplyRoutesRequest::default());
    rerouted.metadata_mut().insert("bailiwick-assertion", assertion.parse().expect("ASCII"));
    let mut client = contract::gate::v1::route_service_client::RouteServiceClient::new(world.gate.channel());
    let refused = client.apply_routes(rerouted).await.expect_err("the assertion is for another RPC");
    assert!(matches!(refused.code(), tonic::Code::Unauthenticated | tonic::Code::PermissionDenied), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_21_a_request_without_a_part_is_refused_and_nothing_falls_over() {
    let world = start_with_routes().await;
    let in_context = |context| CheckRequest { attributes: context };
    let of = |request| in_context(Some(AttributeContext { request, ..AttributeContext::default() }));
    for nothing in [in_context(None), in_context(Some(AttributeContext::default())), of(None)] {
        assert_eq!(world.ask_envoy(nothing).await.denied(), (400, "request_ambiguous"));
    }
    assert_eq!(world.ask_envoy(of(Some(AttributeRequest::default()))).await.denied(), (400, "request_ambiguous"));
    for (host, method, path) in [
        (DOCS, "GET", ""),
        (DOCS, "", "/open"),
        ("", "GET", "/open"),
        (DOCS, "CONNECT", ""),
        ("docs.acme.example:443", "CONNECT", "docs.acme.example:443"),
        (DOCS, "OPTIONS", "*"),
        (DOCS, "get", "/open"),
        (DOCS, "G\0T", "/open"),
        (DOCS, "GET POST", "/open"),
    ] {
        let answer = world.ask(host, method, path, &[]).await;
        assert_eq!(answer.denied(), (400, "request_ambiguous"), "{method} {host} {path}");
    }
    for method in ["CONNECT", "TRACE", "PROPFIND", "PRI", "HEAD"] {
        assert_eq!(world.ask(DOCS, method, "/open", &[]).await.denied(), (403, "route_unknown"), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_22_lapse_28_nothing_about_a_body_or_an_upgrade_changes_a_decision() {
    let world = start_with_routes().await;
    let request = |path: &str| HttpRequest {
        host: DOCS.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        ..HttpRequest::default()
    };
    for path in ["/open", "/me", "/v1/documents/roadmap", "/nothing"] {
        let alone = decision(&world.ask_http(request(path)).await);
        let with_body = HttpRequest { body: "{\"a\":".to_owned(), size: 5, ..request(path) };
        let with_bytes = HttpRequest { raw_body: vec![0, 0, 0, 0, 9, 0xff], size: -1, ..request(path) };
        let mut partial = HttpRequest { body: "half".to_owned(), ..request(path) };
        partial.headers.insert("x-envoy-auth-partial-body".to_owned(), "true".to_owned());
        let mut upgrade = request(path);
        upgrade.headers.insert("connection".to_owned(), "Upgrade".to_owned());
        upgrade.headers.insert("upgrade".to_owned(), "websocket".to_owned());
        for asked in [with_body, with_bytes, partial, upgrade] {
            assert_eq!(decision(&world.ask_http(asked).await), alone, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_24_a_credential_is_one_word_after_one_space() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let key = key.expose();
    for authorization in [
        format!("Bearer  {key}"),
        format!("Bearer\t{key}"),
        format!("Bearer {key} "),
        format!("Bearer {key} x"),
        format!("Bearer {key};x"),
        format!("Bearer \"{key}\""),
        format!("Bearer={key}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
    ] {
        let answer = world.ask(DOCS, "GET", "/me", &[("authorization", &authorization)]).await;
        assert_eq!(answer.denied(), (401, "credential_invalid"), "{authorization:?}");
    }
    for authorization in [format!(" Bearer {key}"), format!("Token {key}"), key.to_owned(), String::new()] {
        let answer = world.ask(DOCS, "GET", "/me", &[("authorization", &authorization)]).await;
        assert_eq!(answer.status, 401, "{authorization:?}");
    }
    assert_eq!(world.ask(DOCS, "GET", "/me", &[("authorization", &format!("bearer {key}"))]).await.code, 0);
    assert_eq!(world.ask(DOCS, "GET", "/me", &[("x-api-key", &format!(" {key}"))]).await.status, 401);
}
