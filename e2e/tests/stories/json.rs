//! Bailiwick's own RPCs in JSON, at the paths that their contracts say.

use bytes::Bytes;
use e2e::shared;
use http::{Method, Request, Version};
use serde_json::{Value, json};

/// One call at Bailiwick's own host: status, coarse reason of a denial, and body.
async fn call(method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> (u16, String, Value) {
    let world = shared().await;
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let mut connection = world.connect("localhost", Version::HTTP_11).await;
    let answer = connection.send(request.body(Bytes::from(body)).unwrap()).await.unwrap();
    let reason = answer.header(contract::header::REASON).unwrap_or_default().to_owned();
    (answer.status.as_u16(), reason, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

async fn get(path: &str, key: Option<&str>) -> (u16, String, Value) {
    call(Method::GET, path, key, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_and_read_in_json() {
    let admin = shared().await.key("admin");
    let user = json!({ "user_id": "json-reader", "display_name": "Reads JSON" });
    let (status, _, made) = call(Method::POST, "/v1/users", Some(&admin), Some(user)).await;
    assert_eq!((status, &made["user"]["id"]), (200, &json!("json-reader")), "{made}");
    let (status, _, read) = get("/v1/users/json-reader", Some(&admin)).await;
    assert_eq!((status, &read["user"]["display_name"]), (200, &json!("Reads JSON")), "{read}");
    let (status, _, page) = get("/v1/users?page_size=1", Some(&admin)).await;
    assert_eq!((status, page["users"].as_array().map(Vec::len)), (200, Some(1)), "{page}");
    let (status, _, missing) = get("/v1/users/nobody-there", Some(&admin)).await;
    assert_eq!((status, &missing["details"][0]["reason"]), (404, &json!("RESOURCE_NOT_FOUND")), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_asked_and_read_in_json() {
    let world = shared().await;
    let admin = world.key("admin");
    let (status, _, schema) = get("/v1/schema", Some(&admin)).await;
    assert!(status == 200 && schema["schema_text"].as_str().is_some_and(|text| !text.is_empty()), "{schema}");
    let question = json!({
        "resource": { "object_type": "document", "object_id": "roadmap" },
        "permission": "view",
        "subject": { "object": { "object_type": "user", "object_id": "alice" } },
    });
    let (status, _, answer) = call(Method::POST, "/v1/permissions:check", Some(&admin), Some(question)).await;
    assert_eq!((status, &answer["permissionship"]), (200, &json!("PERMISSIONSHIP_HAS_PERMISSION")), "{answer}");
    let (status, _, routes) = get("/v1/routes?page_size=2", Some(&admin)).await;
    assert_eq!((status, routes["routes"].as_array().map(Vec::len)), (200, Some(2)), "{routes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gate_decides_about_the_rpc_behind_the_path() {
    let world = shared().await;
    // Whoever has no part in administration may exchange a key, and nothing else of this.
    let alice = world.key("alice");
    let (status, _, token) = call(Method::POST, "/v1/api-keys:exchange", Some(&alice), Some(json!({}))).await;
    assert!(status == 200 && token["access_token"].is_string(), "{token}");
    for (method, path) in [(Method::GET, "/v1/users"), (Method::GET, "/v1/tenants/acme"), (Method::GET, "/v1/routes")] {
        let (status, reason, _) = call(method.clone(), path, Some(&alice), None).await;
        assert_eq!((status, reason.as_str()), (403, "forbidden"), "{method} {path}");
        let (status, reason, _) = call(method, path, None, None).await;
        assert_eq!((status, reason.as_str()), (401, "credential_missing"), "{path} as nobody");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_or_a_parameter_that_no_contract_has_is_refused() {
    let admin = shared().await.key("admin");
    for path in ["/v1/users/a/b", "/v1/nothing", "/v1/users:drop", "/v1/peers", "/v2/users"] {
        let (status, reason, _) = get(path, Some(&admin)).await;
        assert_eq!((status, reason.as_str()), (403, "route_unknown"), "{path}");
    }
    let (status, ..) = get("/v1/users?page_size=1&tenant_id=globex", Some(&admin)).await;
    assert_eq!(status, 400, "a parameter that is none");
    let (status, ..) = get("/v1/users%2fjson-reader", Some(&admin)).await;
    assert_eq!(status, 400, "an escaped slash");
    let (status, reason, _) = call(Method::DELETE, "/v1/users/json-reader", Some(&admin), None).await;
    assert_eq!((status, reason.as_str()), (403, "route_unknown"), "a method that is none");
}
