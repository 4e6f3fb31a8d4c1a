//! What routes may say besides who calls and what they need, through the real gateway.

use std::time::{Duration, Instant};

use contract::gate::v1::{
    ApplyRoutesRequest, GetShadowReportRequest, ListRoutesRequest, OnError, PermissionRequirement, PermissionsMode,
    Route, RouteMode,
};
use e2e::{Outcome, World};
use http::Version;
use testing::Part;

use crate::{READ, kill, restart};

const HEADERS: &str = "/v1/headers";

/// Puts the sample's routes in force, with this one changed.
async fn change(world: &World, name: &str, change: impl FnOnce(&mut Route)) {
    let gateway = world.gateway();
    let key = world.key("admin");
    let list = gateway.request(ListRoutesRequest::default(), Some(&key)).expect("a key stands in a header");
    let mut routes =
        gateway.routes().list_routes(list).await.expect("the administrator reads routes").into_inner().routes;
    change(routes.iter_mut().find(|route| route.name == name).expect("the sample has it"));
    let apply = gateway
        .request(ApplyRoutesRequest { routes, expected_version: None }, Some(&key))
        .expect("a key stands in a header");
    gateway.routes().apply_routes(apply).await.expect("the routes are good");
}

fn either_document() -> Vec<PermissionRequirement> {
    let may_view =
        |document| PermissionRequirement { resource: format!("document:{document}"), permission: "view".to_owned() };
    vec![may_view("roadmap"), may_view("budget")]
}

/// Asks until the routes in force answer so: within a second, says their contract, and some more for a busy machine.
async fn comes_to(world: &World, who: &str, expected: u16) {
    let began = Instant::now();
    while get(world, who).await.status != expected {
        assert!(began.elapsed() < Duration::from_secs(15), "{who} does not come to {expected}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn get(world: &World, who: &str) -> Outcome {
    world.get(Version::HTTP_11, HEADERS, Some(&world.key(who))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_may_ask_for_any_of_several_permissions_only_watch_and_pass_in_an_outage() {
    let world = World::start("policies").await;
    assert_eq!(get(&world, "dave").await.status, 200, "being who they are is enough");

    change(&world, "documents-headers", |route| {
        route.permissions = either_document();
        route.permissions_mode = PermissionsMode::Any.into();
    })
    .await;
    comes_to(&world, "dave", 403).await;
    let either = get(&world, "bob").await;
    assert_eq!(either.json()["requested_by"]["permission"], "document#view|document#view");

    change(&world, "documents-headers", |route| {
        route.permissions_mode = PermissionsMode::All.into();
        route.mode = RouteMode::Shadow.into();
        route.on_error = OnError::Allow.into();
    })
    .await;
    comes_to(&world, "dave", 200).await;
    let gateway = world.gateway();
    let report =
        gateway.request(GetShadowReportRequest {}, Some(&world.key("admin"))).expect("a key stands in a header");
    let report = gateway.routes().get_shadow_report(report).await.expect("the administrator reads it").into_inner();
    let watched = report.routes.iter().find(|watched| watched.route == "documents-headers").expect("it watches");
    let denials: Vec<_> = watched.denials.iter().map(|denied| (denied.reason.as_str(), denied.calls > 0)).collect();
    assert_eq!(denials, [("forbidden", true)], "{watched:?}");

    change(&world, "documents-headers", |route| route.mode = RouteMode::Enforce.into()).await;
    comes_to(&world, "dave", 403).await;
    kill(&world, Part::Permissions).await;
    for who in ["dave", "bob"] {
        let undecided = get(&world, who).await;
        assert_eq!(undecided.status, 200, "{undecided:?}");
        assert_eq!(undecided.json()["requested_by"]["permission"], "", "nobody has said that they may");
    }
    assert_eq!(world.get(Version::HTTP_11, HEADERS, None).await.decision(), (401, "credential_missing"));
    assert_eq!(world.get(Version::HTTP_11, READ, Some(&world.key("bob"))).await.decision(), (503, "unavailable"));
    restart(&world, Part::Permissions).await;
    comes_to(&world, "dave", 403).await;
}
