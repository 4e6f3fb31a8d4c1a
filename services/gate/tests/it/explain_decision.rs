//! Who may learns why a call was decided as it was; to everyone else it never happened.

use chassis::Reason;
use contract::gate::v1::{Decision, ExplainDecisionRequest};

use crate::world::{Answer, DOCS, OWN_HOST, World, document_routes, reason, start_with, start_with_routes};

async fn explain(world: &World, tenant: &str, answer: &Answer) -> Decision {
    let request = ExplainDecisionRequest { decision_id: answer.headers["bailiwick-decision-id"].clone() };
    let explained = world.decisions(tenant).explain_decision(request).await.expect("it is remembered").into_inner();
    explained.decision.expect("an explanation has a decision")
}

async fn refused(world: &World, tenant: &str, id: &str) -> Reason {
    let request = ExplainDecisionRequest { decision_id: id.to_owned() };
    reason(world.decisions(tenant).explain_decision(request).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_route_version_requirement_caller_and_the_reason_in_detail() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    let denied = world.get_as(key.expose(), "/v1/documents/roadmap?token=secret").await;
    assert!(denied.body.contains(&denied.headers["bailiwick-decision-id"]), "a denial's body keeps the id");
    let decision = explain(&world, "acme", &denied).await;
    assert!(decision.decided_at.is_some() && !decision.passed);
    assert_eq!((decision.route.as_str(), decision.version), ("read-document", 1));
    assert_eq!((decision.caller.as_str(), decision.required.as_str()), ("user:alice", "document:roadmap#view"));
    assert_eq!((decision.reason.as_str(), decision.detail.as_str()), ("forbidden", "the permission is missing"));
    assert_eq!(
        (decision.method.as_str(), decision.path.as_str()),
        ("GET", "/v1/documents/roadmap"),
        "no query is kept"
    );

    let unscoped = world.new_key("acme", "user:alice", &[], None);
    let decision = explain(&world, "acme", &world.get_as(unscoped.expose(), "/v1/documents/roadmap").await).await;
    assert_eq!(decision.detail, "the credential lacks the scope documents.read");
    let decision = explain(&world, "acme", &world.get("/nowhere").await).await;
    assert_eq!((decision.reason.as_str(), decision.route.as_str()), ("route_unknown", ""));
    let decision = explain(&world, "acme", &world.get("/open").await).await;
    assert!(decision.passed && decision.reason.is_empty() && decision.required.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_decision_looks_like_none() {
    let world = start_with_routes().await;
    let eve = world.new_key("globex", "user:eve", &["documents.read"], None);
    let denied = world.get_as(eve.expose(), "/v1/documents/roadmap").await;
    let id = &denied.headers["bailiwick-decision-id"];
    assert_eq!(refused(&world, "globex", id).await, Reason::ResourceNotFound);
    assert_eq!(refused(&world, "globex", "0").await, Reason::ResourceNotFound);
    let decision = explain(&world, "acme", &denied).await;
    assert_eq!((decision.caller.as_str(), decision.detail.as_str()), ("", "the caller is of another tenant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_at_bailiwicks_own_host_is_its_callers_tenants() {
    let world = start_with_routes().await;
    let alice = world.new_key("acme", "user:alice", &["gate.write"], None);
    let path = "/bailiwick.gate.v1.RouteService/ApplyRoutes";
    let denied = world.call_as(alice.expose(), OWN_HOST, path).await;
    let decision = explain(&world, "acme", &denied).await;
    assert_eq!((decision.route.as_str(), decision.required.as_str()), (path, "tenant:acme#write_routes"));
    assert_eq!(refused(&world, "globex", &denied.headers["bailiwick-decision-id"]).await, Reason::ResourceNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_records_are_full_forgets_its_oldest() {
    let world = start_with(|config| config.decision_records_max = 2).await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.expect("the routes are good");
    world.eventually("the routes are in force", async || world.get("/open").await.code == 0).await;
    let answers = [world.get("/1").await, world.get("/2").await, world.get("/3").await];
    assert_eq!(refused(&world, "acme", &answers[0].headers["bailiwick-decision-id"]).await, Reason::ResourceNotFound);
    assert_eq!(explain(&world, "acme", &answers[1]).await.path, "/2");
    assert_eq!(explain(&world, "acme", &answers[2]).await.path, "/3");
}
