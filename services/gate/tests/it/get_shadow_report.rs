//! What a route that only watches would have denied is counted by reason, until its routes change.

use contract::gate::v1::{CallerRequirement, ExplainDecisionRequest, GetShadowReportRequest, Route, RouteMode};
use contract::gate::v1::{PermissionRequirement, ShadowedDenials, ShadowedRoute};

use crate::world::{DOCS, World, http, start};

async fn report(world: &World, tenant: &str) -> (u64, Vec<ShadowedRoute>) {
    let answer = world.routes(tenant).get_shadow_report(GetShadowReportRequest {}).await.expect("reported");
    let answer = answer.into_inner();
    (answer.version, answer.routes)
}

fn routes() -> Vec<Route> {
    let view = PermissionRequirement { resource: "document:{document}".to_owned(), permission: "view".to_owned() };
    let route = Route { permissions: vec![view], ..http("read", "/v1/{document:id}", CallerRequirement::Required) };
    vec![Route { mode: RouteMode::Shadow.into(), ..route }, http("open", "/open", CallerRequirement::None)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_have_been_denied_is_counted_by_reason_with_decisions_to_look_at() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", routes()).await.expect("the routes are good");
    world.eventually("the routes are in force", async || world.get("/open").await.code == 0).await;
    world.permissions.allow("acme document:a#view@user:alice");
    let key = world.new_key("acme", "user:alice", &[], None);
    world.get_as(key.expose(), "/v1/a").await;
    for _ in 0..7 {
        assert_eq!(world.get_as(key.expose(), "/v1/b").await.code, 0);
    }
    assert_eq!(world.get("/v1/a").await.code, 0);

    let (version, routes) = report(&world, "acme").await;
    assert_eq!((version, routes.len()), (1, 1));
    assert_eq!((routes[0].route.as_str(), routes[0].allowed), ("read", 1));
    let counted = |ShadowedDenials { reason, calls, decision_ids }: &ShadowedDenials| {
        (reason.clone(), *calls, decision_ids.len())
    };
    let counted: Vec<_> = routes[0].denials.iter().map(counted).collect();
    assert_eq!(counted, [("credential_missing".to_owned(), 1, 1), ("forbidden".to_owned(), 7, 5)]);

    let request = ExplainDecisionRequest { decision_id: routes[0].denials[1].decision_ids[0].clone() };
    let explained = world.decisions("acme").explain_decision(request).await.expect("remembered").into_inner();
    let decision = explained.decision.expect("an explanation has a decision");
    assert_eq!((decision.passed, decision.reason.as_str()), (true, "forbidden"));
    assert_eq!(decision.required, "document:b#view");
    assert_eq!(report(&world, "globex").await, (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_begins_a_new_report() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", routes()).await.expect("the routes are good");
    world.eventually("the routes are in force", async || world.get("/v1/a").await.code == 0).await;
    assert_eq!(report(&world, "acme").await.1.len(), 1);
    world.apply("acme", routes()).await.expect("the routes are good");
    world.eventually("the new version is in force", async || report(&world, "acme").await == (2, Vec::new())).await;
}
