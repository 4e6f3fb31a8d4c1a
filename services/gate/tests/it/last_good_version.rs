//! What is stored and cannot be put in force leaves in force what was there, under its own version.

use contract::gate::v1::{ExplainDecisionRequest, GetShadowReportRequest};

use crate::world::{document_routes, start_with_routes};

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_cannot_be_read_leave_the_last_good_version_in_force() {
    let world = start_with_routes().await;
    // As a newer gate might have stored it, or a hand that should not have: a host without a path.
    let broken =
        "UPDATE route SET message = '\\x0a046f70656e1210646f63732e61636d652e6578616d706c65' WHERE name = 'open'";
    sqlx::query(broken).execute(world.gate.pool()).await.expect("the row is there");
    sqlx::query("UPDATE route_set SET version = 7").execute(world.gate.pool()).await.expect("the row is there");
    // Another host of the same tenant: gate reads everything of the tenant again.
    world.assign("other.acme.example", "acme").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
    let answer = world.get("/open").await;
    assert_eq!(answer.code, 0, "the last good routes stay in force");
    let request = ExplainDecisionRequest { decision_id: answer.headers["bailiwick-decision-id"].clone() };
    let explained = world.decisions("acme").explain_decision(request).await.expect("remembered").into_inner();
    assert_eq!(explained.decision.expect("a decision").version, 1);

    assert_eq!(world.apply("acme", document_routes()).await.expect("the routes are good"), 8);
    let in_force = async || {
        let report = world.routes("acme").get_shadow_report(GetShadowReportRequest {}).await.expect("reported");
        report.into_inner().version == 8
    };
    world.eventually("good ones take their place", in_force).await;
}
