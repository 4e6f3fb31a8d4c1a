//! What would be decided about a call that nobody makes.

use contract::gate::v1::{TestRouteRequest, TestRouteResponse};

use crate::world::{DOCS, OWN_HOST, World, start_with_routes};

async fn test(
    world: &World,
    tenant: &str,
    host: &str,
    method: &str,
    path: &str,
    subject: Option<&str>,
) -> TestRouteResponse {
    let subject = subject.map(|subject| subject.parse::<chassis::Subject>().expect("a subject").to_proto());
    let request = TestRouteRequest { host: host.to_owned(), method: method.to_owned(), path: path.to_owned(), subject };
    world.routes(tenant).test_route(request).await.expect("tested").into_inner()
}

fn answer(route: &str, reason: &str, required: &str) -> TestRouteResponse {
    TestRouteResponse {
        allowed: reason.is_empty(),
        route: route.to_owned(),
        reason: reason.to_owned(),
        required: required.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_names_the_route_the_reason_and_what_was_required() {
    let world = start_with_routes().await;
    world.permissions.allow("acme document:roadmap#view@user:alice");
    let read = async |path, subject| test(&world, "acme", DOCS, "GET", path, subject).await;
    let required = "document:roadmap#view";
    assert_eq!(read("/v1/documents/roadmap?x=y", Some("user:alice")).await, answer("read-document", "", required));
    assert_eq!(read("/v1/documents/roadmap", Some("user:bob")).await, answer("read-document", "forbidden", required));
    assert_eq!(read("/v1/documents/roadmap", None).await, answer("read-document", "credential_missing", required));
    assert_eq!(read("/v1/nothing", Some("user:alice")).await, answer("", "route_unknown", ""));
    assert_eq!(read("/v1/../x", Some("user:alice")).await, answer("", "request_ambiguous", ""));
    assert_eq!(read("/open", None).await, answer("open", "", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_is_tested_by_its_path() {
    let world = start_with_routes().await;
    world.permissions.allow("acme organization:acme#list_documents@user:alice");
    let path = "/example.documents.v1.DocumentService/ListDocuments";
    for method in ["", "POST"] {
        let tested = test(&world, "acme", DOCS, method, path, Some("user:alice")).await;
        assert_eq!(tested, answer("list-documents", "", "organization:acme#list_documents"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rpc_of_bailiwicks_own_is_tested_for_the_callers_tenant() {
    let world = start_with_routes().await;
    world.permissions.allow("system tenant:acme#write_routes@user:acme/alice");
    let path = "/bailiwick.gate.v1.RouteService/ApplyRoutes";
    let tested = test(&world, "acme", OWN_HOST, "POST", path, Some("user:alice")).await;
    assert_eq!(tested, answer(path, "", "tenant:acme#write_routes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_another_tenant_looks_like_nobodys() {
    let world = start_with_routes().await;
    let anothers = test(&world, "globex", DOCS, "GET", "/open", None).await;
    assert_eq!(anothers, answer("", "route_unknown", ""));
    assert_eq!(anothers, test(&world, "globex", "nobodys.example", "GET", "/open", None).await);
}
