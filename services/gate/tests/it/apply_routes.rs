//! A tenant's routes are replaced all together, or not at all.

use chassis::Reason;
use contract::gate::v1::{ApplyRoutesRequest, CallerRequirement, ListRoutesRequest, Route};
use sqlx::Row as _;

use crate::world::{DOCS, World, document_routes, http, reason, start};

async fn names(world: &World) -> Vec<String> {
    let listed = world.routes("acme").list_routes(ListRoutesRequest::default()).await.expect("listed").into_inner();
    listed.routes.into_iter().map(|route| route.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_application_replaces_the_first_and_is_in_force_within_a_second() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    assert_eq!(world.apply("acme", document_routes()).await.unwrap(), 1);
    let began = std::time::Instant::now();
    assert_eq!(world.apply("acme", vec![http("new", "/new", CallerRequirement::None)]).await.unwrap(), 2);
    world.eventually("the new route is in force", async || world.get("/new").await.code == 0).await;
    assert!(began.elapsed().as_millis() < 1_000, "took {:?}", began.elapsed());
    assert_eq!(world.get("/open").await.denied(), (403, "route_unknown"));
    assert_eq!(names(&world).await, ["new"]);

    assert_eq!(world.apply("acme", Vec::new()).await.unwrap(), 3);
    world.eventually("nothing is in force", async || world.get("/new").await.code != 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_route_leaves_everything_as_it_was() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.unwrap();
    let before = names(&world).await;

    let wrong =
        vec![http("good", "/good", CallerRequirement::None), http("Bad", "bad", CallerRequirement::Unspecified)];
    let refused = world.apply("acme", wrong).await.unwrap_err();
    for part in ["routes[1] \"Bad\": name:", "routes[1] \"Bad\": http.path_template:", "routes[1] \"Bad\": caller:"] {
        assert!(refused.message().contains(part), "{}", refused.message());
    }
    assert_eq!(chassis::error::reason_of(&refused), Some(Reason::RoutesInvalid));
    assert_eq!(names(&world).await, before);
    assert_eq!(world.apply("acme", document_routes()).await.unwrap(), 2, "the refused ones took no version");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_another_tenant_is_not_owned() {
    let world = start().await;
    world.assign("docs.globex.example", "globex").await;
    for host in ["docs.globex.example", "nobodys.example"] {
        let route = Route { host: host.to_owned(), ..http("a", "/a", CallerRequirement::None) };
        let request = ApplyRoutesRequest { routes: vec![route], expected_version: None };
        assert_eq!(reason(world.routes("acme").apply_routes(request).await), Reason::HostNotOwned);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_in_force_is_refused() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    let apply = async |expected_version| {
        let request = ApplyRoutesRequest { routes: document_routes(), expected_version };
        world.routes("acme").apply_routes(request).await
    };
    assert_eq!(reason(apply(Some(1)).await), Reason::VersionConflict);
    assert_eq!(apply(Some(0)).await.unwrap().into_inner().version, 1);
    assert_eq!(reason(apply(Some(0)).await), Reason::VersionConflict);
    assert_eq!(apply(Some(1)).await.unwrap().into_inner().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_expect_the_same_version_one_succeeds() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    let apply = async || {
        let request = ApplyRoutesRequest { routes: document_routes(), expected_version: Some(0) };
        world.routes("acme").apply_routes(request).await
    };
    let (one, other) = tokio::join!(apply(), apply());
    assert!(one.is_ok() ^ other.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_max_routes_are_taken_and_one_more_is_not() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    let routes = |count: usize| -> Vec<Route> {
        (0..count).map(|number| http(&format!("r{number}"), &format!("/r{number}"), CallerRequirement::None)).collect()
    };
    assert_eq!(world.apply("acme", routes(100)).await.unwrap(), 1);
    let refused = world.apply("acme", routes(101)).await.unwrap_err();
    assert!(refused.message().contains("routes_max is 100"), "{}", refused.message());
    assert_eq!(chassis::error::reason_of(&refused), Some(Reason::LimitExceeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_to_the_other_replicas() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.unwrap();
    let published = sqlx::query("SELECT count(*) FROM feed_entry").fetch_one(world.gate.pool()).await.unwrap();
    assert_eq!(published.get::<i64, _>(0), 2, "the host and the routes");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_errors_are_counted_and_the_first_are_shown() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    let wrong = (0..100).map(|number| http(&format!("r{number}"), "no-slash", CallerRequirement::None)).collect();
    let refused = world.apply("acme", wrong).await.unwrap_err();
    assert!(refused.message().ends_with("and 80 more"), "{}", refused.message());
}
