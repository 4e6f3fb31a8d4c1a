//! What a denial's id is good for: who may learns why, and what other routes would have decided.

use contract::gate::v1::decision_service_client::DecisionServiceClient;
use contract::gate::v1::{CandidateRoutes, Decision, ExplainDecisionRequest, TestRoutesRequest};
use e2e::{World, shared};
use http::Version;
use tonic::{Code, Status};

async fn explain(world: &World, owner: &str, decision_id: &str) -> Result<Decision, Status> {
    let gateway = world.gateway();
    let message = ExplainDecisionRequest { decision_id: decision_id.to_owned() };
    let request = gateway.request(message, Some(&world.key(owner)))?;
    let answer = DecisionServiceClient::new(gateway.channel()).explain_decision(request).await?.into_inner();
    Ok(answer.decision.expect("an explanation has a decision"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_explained_by_its_id_to_who_may_and_to_nobody_else() {
    let world = shared().await;
    let denied = world.get(Version::HTTP_11, "/v1/documents/budget?token=secret", Some(&world.key("dave"))).await;
    assert_eq!(denied.decision(), (403, "forbidden"));
    assert_eq!(denied.json()["decision_id"], denied.decision_id.as_str());

    let decision = explain(&world, "admin", &denied.decision_id).await.unwrap();
    assert_eq!((decision.caller.as_str(), decision.required.as_str()), ("user:dave", "document:budget#view"));
    assert_eq!((decision.path.as_str(), decision.reason.as_str()), ("/v1/documents/budget", "forbidden"));
    assert!(!decision.passed && !decision.route.is_empty() && decision.version > 0, "{decision:?}");
    assert!(!decision.checked_at.is_empty(), "it says in which state it was decided");
    for (owner, code) in [("root", Code::NotFound), ("dave", Code::PermissionDenied)] {
        let refused = explain(&world, owner, &denied.decision_id).await.unwrap_err();
        assert_eq!(refused.code(), code, "{owner}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_made_is_tried_on_routes_that_are_not_applied() {
    let world = shared().await;
    let passed = world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&world.key("alice"))).await;
    assert_eq!(passed.status, 200);
    let gateway = world.gateway();
    let candidate = Some(CandidateRoutes { routes: Vec::new() });
    let message = TestRoutesRequest { candidate, calls: Vec::new(), recorded_max: 200 };
    let request = gateway.request(message, Some(&world.key("admin"))).unwrap();
    let tested = gateway.routes().test_routes(request).await.unwrap().into_inner().calls;
    let tried = tested.iter().find(|tested| tested.decision_id == passed.decision_id).expect("it is remembered");
    let (today, then) = (tried.today.clone().unwrap(), tried.candidate.clone().unwrap());
    assert!(today.allowed, "{today:?}");
    assert_eq!((then.allowed, then.reason.as_str()), (false, "route_unknown"));
    let again = world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&world.key("alice"))).await;
    assert_eq!(again.status, 200, "nothing was applied");
}
