//! What each path answers.

use axum::http::{HeaderMap, Method, StatusCode};
use documents::{BODY_BYTES_MAX, Keys, route};
use serde_json::json;

use crate::upstream::{self, Upstream};

#[tokio::test]
async fn a_document_reads_back_as_it_was_written() {
    let upstream = Upstream::start().await;
    let body = json!({ "title": "Notes", "body": "a" }).to_string();
    let written = upstream.as_alice(Method::PUT, "/v1/documents/notes", route::WRITE, &body).await;
    assert_eq!(written.status, StatusCode::OK);
    let read = upstream.as_alice(Method::GET, "/v1/documents/notes", route::READ, "").await;
    assert_eq!((&read.json["title"], &read.json["body"]), (&json!("Notes"), &json!("a")));
}

#[tokio::test]
async fn an_unknown_document_is_not_found() {
    let upstream = Upstream::start().await;
    let answer = upstream.as_alice(Method::GET, "/v1/documents/none", route::READ, "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json, json!({ "error": "there is no such document" }));
}

#[tokio::test]
async fn what_is_not_a_document_is_refused_and_nothing_is_kept() {
    let upstream = Upstream::start().await;
    let document = |body: &str| json!({ "title": "t", "body": body }).to_string();
    let cases = [
        ("{", StatusCode::BAD_REQUEST),
        (r#"{"title": "t"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"title": "t", "body": "", "id": "x"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"title": "", "body": ""}"#, StatusCode::BAD_REQUEST),
        (&document(&"a".repeat(BODY_BYTES_MAX + 1)), StatusCode::PAYLOAD_TOO_LARGE),
        (&document(&"a".repeat(7 * BODY_BYTES_MAX)), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, status) in cases {
        let answer = upstream.as_alice(Method::PUT, "/v1/documents/new", route::WRITE, body).await;
        assert_eq!(answer.status, status, "{}", &body[..body.len().min(60)]);
        assert!(answer.json["error"].is_string());
    }
    let read = upstream.as_alice(Method::GET, "/v1/documents/new", route::READ, "").await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_of_a_request_is_read_before_it_is_known_whose_it_is() {
    let upstream = Upstream::start().await;
    let answer = upstream.call(Method::PUT, "/v1/documents/new", &[], "{").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn headers_are_shown_but_no_secret_among_them() {
    let upstream = Upstream::start().await;
    let assertion = upstream.gate.sign(&upstream::alice(route::HEADERS));
    let mut headers = HeaderMap::new();
    headers.insert(upstream::ASSERTION, assertion.parse().unwrap());
    headers.insert("x-plain", "seen".parse().unwrap());
    headers.insert("authorization", "Bearer hunter2".parse().unwrap());
    let answer = upstream::call(upstream.address, false, Method::GET, "/v1/headers", headers, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let shown = answer.json["headers"].to_string();
    assert!(shown.contains(r#"["x-plain","seen"]"#), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains(&assertion), "{shown}");
}

#[tokio::test]
async fn it_is_healthy_once_a_key_came() {
    let keys = Keys::default();
    let address = upstream::serve(keys.clone()).await;
    let health = async || upstream::call(address, false, Method::GET, "/healthz", HeaderMap::new(), "").await.status;
    assert_eq!(health().await, StatusCode::SERVICE_UNAVAILABLE);
    keys.came();
    assert_eq!(health().await, StatusCode::OK);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_errors_in_json() {
    let upstream = Upstream::start().await;
    let answer = upstream.call(Method::GET, "/v2", &[], "").await;
    assert_eq!((answer.status, answer.json["error"].is_string()), (StatusCode::NOT_FOUND, true));
    let answer = upstream.call(Method::DELETE, "/v1/documents/roadmap", &[], "").await;
    assert_eq!((answer.status, answer.json["error"].is_string()), (StatusCode::METHOD_NOT_ALLOWED, true));
}
