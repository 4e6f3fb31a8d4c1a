//! What would be decided by routes that are not applied, about calls that are given and calls that were made.

use chassis::Reason;
use contract::gate::v1::{
    CallerRequirement, CandidateRoutes, CredentialKind, Route, RouteMode, TestRouteRequest, TestRoutesRequest,
    TestedCall,
};

use crate::world::{DOCS, World, document_routes, http, reason, start_with_routes};

fn call(path: &str, subject: Option<&str>) -> TestRouteRequest {
    let subject = subject.map(|subject| subject.parse::<chassis::Subject>().expect("a subject").to_proto());
    TestRouteRequest { host: DOCS.to_owned(), method: "GET".to_owned(), path: path.to_owned(), subject }
}

async fn test(
    world: &World,
    candidate: Option<Vec<Route>>,
    calls: Vec<TestRouteRequest>,
    recorded_max: u32,
) -> Vec<TestedCall> {
    let candidate = candidate.map(|routes| CandidateRoutes { routes });
    let request = TestRoutesRequest { candidate, calls, recorded_max };
    world.routes("acme").test_routes(request).await.expect("tested").into_inner().calls
}

/// What is decided today and what would be: the reason, or nothing where the call passes.
fn reasons(tested: &TestedCall) -> (String, String) {
    let reason = |answer: &Option<contract::gate::v1::TestRouteResponse>| {
        let answer = answer.clone().expect("both are answered");
        assert_eq!(answer.allowed, answer.reason.is_empty());
        answer.reason
    };
    (reason(&tested.today), reason(&tested.candidate))
}

fn candidate() -> Vec<Route> {
    let mut routes = document_routes();
    routes.retain(|route| route.name != "open");
    let who = routes.iter_mut().find(|route| route.name == "who-am-i").expect("it is among them");
    who.credentials = vec![CredentialKind::AccessToken.into()];
    routes.push(http("new", "/new", CallerRequirement::None));
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn given_calls_are_decided_by_the_routes_in_force_and_by_the_candidate() {
    let world = start_with_routes().await;
    world.permissions.allow("acme document:a#view@user:alice");
    let calls = vec![
        call("/open", None),
        call("/new", None),
        call("/v1/documents/a", Some("user:alice")),
        call("/v1/documents/a", Some("user:bob")),
    ];
    let tested = test(&world, Some(candidate()), calls.clone(), 0).await;
    let pair = |today: &str, then: &str| (today.to_owned(), then.to_owned());
    let expected = [pair("", "route_unknown"), pair("route_unknown", ""), pair("", ""), pair("forbidden", "forbidden")];
    assert_eq!(tested.iter().map(reasons).collect::<Vec<_>>(), expected);
    assert_eq!(tested.iter().map(|tested| tested.call.clone().unwrap()).collect::<Vec<_>>(), calls);
    assert_eq!(world.get("/open").await.code, 0, "nothing was applied");
    assert!(test(&world, None, calls, 0).await.iter().all(|tested| tested.candidate.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_calls_are_decided_anew_as_their_callers_made_them() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    world.get("/open?x=secret").await;
    let whole = world.get_as(key.expose(), "/me").await;
    let tested = test(&world, Some(candidate()), Vec::new(), 2).await;
    assert_eq!(tested[0].decision_id, whole.headers["bailiwick-decision-id"], "the newest first");
    assert_eq!(tested[0].call, Some(call("/me", Some("user:alice"))));
    assert_eq!(tested[1].call, Some(call("/open", None)), "no query is kept");
    let reasons: Vec<_> = tested.iter().map(|tested| reasons(tested).1).collect();
    assert_eq!(reasons, ["credential_invalid", "route_unknown"], "it was an API key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_only_watches_is_said_to_let_pass_and_why_it_would_not() {
    let world = start_with_routes().await;
    let mut routes = document_routes();
    routes.iter_mut().for_each(|route| route.mode = RouteMode::Shadow.into());
    let tested = test(&world, Some(routes), vec![call("/me", None)], 0).await;
    let then = tested[0].candidate.clone().expect("a candidate was given");
    assert_eq!((then.allowed, then.reason.as_str()), (true, "credential_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_is_held_to_the_rules_of_routes_that_are_applied() {
    let world = start_with_routes().await;
    let wrong = http("Bad", "bad", CallerRequirement::Unspecified);
    let candidate = Some(CandidateRoutes { routes: vec![wrong] });
    let refused =
        world.routes("acme").test_routes(TestRoutesRequest { candidate, calls: Vec::new(), recorded_max: 0 }).await;
    let refused = refused.unwrap_err();
    assert!(refused.message().contains("routes[0] \"Bad\": http.path_template:"), "{}", refused.message());
    assert_eq!(chassis::error::reason_of(&refused), Some(Reason::RoutesInvalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_are_tested_at_once_and_one_more_is_not() {
    let world = start_with_routes().await;
    let ask = async |given: usize, recorded_max| {
        let calls = vec![call("/open", None); given];
        world.routes("acme").test_routes(TestRoutesRequest { candidate: None, calls, recorded_max }).await
    };
    assert_eq!(ask(200, 0).await.expect("tested").into_inner().calls.len(), 200);
    assert_eq!(reason(ask(200, 1).await), Reason::LimitExceeded);
    assert_eq!(reason(ask(0, u32::MAX).await), Reason::LimitExceeded);
}
