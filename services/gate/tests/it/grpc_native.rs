//! Callers that are no Envoy: gRPC itself asks gate (gRFC A92), and tells only a part of what Envoy tells. No scheme, no query, no
//! body, its size as -1, no context and no metadata; the host stands in the attribute, or in `:authority` alone.

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;

use crate::world::{DOCS, World, start_with_routes};

const METHOD: &str = "/example.documents.v1.DocumentService/ListDocuments";

/// A request as a gRPC server without a proxy tells it.
fn native(headers: Vec<(&str, &str)>) -> HttpRequest {
    let header = |(key, value): (&str, &str)| HeaderValue {
        key: key.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    HttpRequest {
        method: "POST".to_owned(),
        path: METHOD.to_owned(),
        host: DOCS.to_owned(),
        size: -1,
        protocol: "HTTP/2".to_owned(),
        header_map: Some(HeaderMap { headers: headers.into_iter().map(header).collect() }),
        ..HttpRequest::default()
    }
}

async fn world_of_ci() -> (World, String) {
    let world = start_with_routes().await;
    world.permissions.allow("acme organization:acme#list_documents@service_account:ci");
    let key = world.new_key("acme", "service_account:ci", &[], None);
    let authorization = format!("Bearer {}", key.expose());
    (world, authorization)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_server_that_asks_by_itself_gets_the_same_decision() {
    let (world, authorization) = world_of_ci().await;
    let headers = vec![("content-type", "application/grpc"), ("authorization", authorization.as_str())];
    let answer = world.ask_http(native(headers)).await;
    assert_eq!(world.verified(&answer, "documents").permission, "organization#list_documents");
    let anonymous = world.ask_http(native(vec![("content-type", "application/grpc")])).await;
    assert_eq!(anonymous.denied(), (401, "credential_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_may_leave_out_is_not_needed_and_what_a_decision_follows_from_is() {
    let (world, authorization) = world_of_ci().await;
    let headers = vec![("content-type", "application/grpc"), ("authorization", authorization.as_str())];
    let whole = native(headers);
    let joined = HttpRequest {
        headers: [("content-type", "application/grpc"), ("authorization", authorization.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        header_map: None,
        ..whole.clone()
    };
    assert_eq!(world.ask_http(joined).await.code, 0, "the older form of headers");
    for lacking in [
        HttpRequest { host: String::new(), ..whole.clone() },
        HttpRequest { path: String::new(), ..whole.clone() },
        HttpRequest { method: String::new(), ..whole.clone() },
        HttpRequest { path: METHOD[1..].to_owned(), ..whole },
    ] {
        assert_eq!(world.ask_http(lacking).await.denied(), (400, "request_ambiguous"));
    }
}
