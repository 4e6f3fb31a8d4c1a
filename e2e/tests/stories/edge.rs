//! What the gateway does besides asking gate: browsers and JSON.

use std::time::Duration;

use bytes::Bytes;
use contract::identity::v1::{ExchangeApiKeyRequest, ExchangeApiKeyResponse};
use e2e::shared;
use http::{Method, Request, Version};
use prost::Message;
use serde_json::Value;
use testing::envoy::{CORS_ORIGINS, Limits};
use testing::http::Answer;

use crate::gateways::Gateway;

const EXCHANGE: &str = "/bailiwick.identity.v1.ApiKeyService/ExchangeApiKey";

/// The same RPC for callers that send JSON.
const EXCHANGE_IN_JSON: &str = "/v1/api-keys:exchange";

/// One call of Bailiwick's own API.
async fn post(path: &str, content_type: &str, key: Option<&str>, body: impl Into<Bytes>) -> Answer {
    let mut request = Request::post(path).header("content-type", content_type).header("origin", CORS_ORIGINS[0]);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    // Held until the answer is there: the cluster stops with the last who holds it.
    let world = shared().await;
    let mut connection = world.connect("localhost", Version::HTTP_11).await;
    connection.send(request.body(body.into()).unwrap()).await.unwrap()
}

fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), &message].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_calls_by_grpc_web() {
    let world = shared().await;
    let body = framed(&ExchangeApiKeyRequest { scopes: Vec::new() });
    let answer = post(EXCHANGE, "application/grpc-web+proto", Some(&world.key("alice")), body).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/grpc-web+proto")));
    assert_eq!(answer.header("access-control-allow-origin"), Some(CORS_ORIGINS[0]));
    let length = usize::try_from(u32::from_be_bytes(answer.body[1..5].try_into().unwrap())).unwrap();
    let message = ExchangeApiKeyResponse::decode(&answer.body[5..5 + length]).unwrap();
    assert!(!message.access_token.is_empty());
    let trailers = &answer.body[5 + length..];
    assert_eq!(trailers[0], 0x80);
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"), "{trailers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_wants_text_calls_by_grpc_web_text() {
    let world = shared().await;
    // The empty message in its frame, in base64. Envoy answers in text to whom accepts it.
    let request = Request::post(EXCHANGE)
        .header("content-type", "application/grpc-web-text")
        .header("accept", "application/grpc-web-text")
        .header("authorization", format!("Bearer {}", world.key("alice")));
    let mut connection = world.connect("localhost", Version::HTTP_11).await;
    let answer = connection.send(request.body(Bytes::from_static(b"AAAAAAA=")).unwrap()).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, None), "{answer:?}");
    assert!(answer.body.iter().all(u8::is_ascii_graphic) && answer.body.len() > 100, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_a_credential_is_refused_in_grpc_web() {
    let answer = post(EXCHANGE, "application/grpc-web+proto", None, vec![0; 5]).await;
    assert_eq!(answer.header("grpc-status"), Some("16"), "{answer:?}");
    assert_eq!(answer.header(contract::header::REASON), Some("credential_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_reaches_an_rpc() {
    let world = shared().await;
    let answer = post(EXCHANGE_IN_JSON, "application/json", Some(&world.key("alice")), "{}").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(body["access_token"].as_str().is_some_and(|token| !token.is_empty()), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_json_callers_are_json_with_their_http_status() {
    let world = shared().await;
    let denied = post(EXCHANGE_IN_JSON, "application/json", None, "{}").await;
    assert_eq!(denied.status.as_u16(), 401, "{denied:?}");
    assert_eq!(denied.header(contract::header::REASON), Some("credential_missing"));
    assert_eq!(denied.header("content-type"), Some("application/problem+json"));
    let body: Value = serde_json::from_slice(&denied.body).unwrap();
    assert_eq!(body["reason"], "credential_missing", "{body}");
    let refused =
        post(EXCHANGE_IN_JSON, "application/json", Some(&world.key("alice")), "{\"scopes\": [\"no such\"]}").await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("content-type")),
        (400, Some("application/json")),
        "{refused:?}"
    );
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    let info = &body["details"][0];
    assert_eq!(
        (info["reason"].as_str(), info["domain"].as_str()),
        (Some("FIELD_INVALID"), Some("bailiwick")),
        "{body}"
    );
    let malformed = post(EXCHANGE_IN_JSON, "application/json", Some(&world.key("alice")), "{\"scopes\": 7}").await;
    assert_eq!(malformed.status.as_u16(), 400, "{malformed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_does_not_reach_what_only_services_may_call() {
    let world = shared().await;
    let path = "/bailiwick.identity.v1.PeerService/AuthenticateApiKey";
    let answer = post(path, "application/json", Some(&world.key("root")), "{}").await;
    assert_eq!(answer.status.as_u16(), 403, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_answered_without_a_credential_and_only_to_known_origins() {
    let gateway = Gateway::alone(Limits::default()).await;
    let mut connection = gateway.connect("localhost").await;
    for (origin, allowed) in [(CORS_ORIGINS[0], true), ("https://evil.example", false), ("null", false)] {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(EXCHANGE)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        let answer = connection.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status.as_u16(), 200, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), allowed.then_some(origin), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_origins_that_are_named_may_read_answers_and_none_are_unless_some_are() {
    for (named, origin, allowed) in [
        (vec!["https://console.example.com"], "https://console.example.com", true),
        (vec!["https://console.example.com"], "https://console.example.com.evil.example", false),
        (vec!["https://console.example.com"], "http://console.example.com", false),
        (vec!["https://console.example.com"], CORS_ORIGINS[0], false),
        (Vec::new(), "https://console.example.com", false),
    ] {
        let origins = named.iter().map(|origin| (*origin).to_owned()).collect();
        let gateway = Gateway::alone_with(|settings| settings.cors_origins = origins).await;
        let mut connection = gateway.connect("localhost").await;
        for method in [Method::OPTIONS, Method::POST] {
            let request = Request::builder()
                .method(&method)
                .uri(EXCHANGE)
                .header("origin", origin)
                .header("access-control-request-method", "POST");
            let answer = connection.send(request.body(Bytes::new()).unwrap()).await.unwrap();
            let header = answer.header("access-control-allow-origin");
            assert_eq!(header, allowed.then_some(origin), "{method} from {origin} where {named:?} are named");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_names_the_decision_whether_it_allowed_or_denied() {
    let world = shared().await;
    for key in [Some(world.key("alice")), None] {
        let outcome = world.get(Version::HTTP_11, "/v1/documents/roadmap", key.as_deref()).await;
        assert_eq!(outcome.status, if key.is_some() { 200 } else { 401 });
        let field = format!("\"decision_id\":\"{}\"", outcome.decision_id);
        let mut found = false;
        // Envoy writes its log every ten seconds, or when there is enough of it.
        for _ in 0..240 {
            found = std::fs::read_to_string(world.files().access_log()).unwrap().contains(&field);
            if found {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(found, "{field} is not in the log");
    }
}
