//! What a route may say besides who calls and what they need: several permissions, kinds of credential, captures of anything,
//! outages, single requests, silence of identity, and watching only.

use assertion::Verdict;
use chassis::Reason;
use contract::gate::v1::{
    Binding, CallerRequirement, CredentialKind, OnError, PermissionRequirement, PermissionsMode, Route, RouteMode,
};

use crate::world::{DOCS, World, http, start, start_with};

const REQUIRED: CallerRequirement = CallerRequirement::Required;

async fn world_with(route: Route) -> World {
    let world = start().await;
    put_in_force(&world, route).await;
    world
}

async fn put_in_force(world: &World, route: Route) {
    world.assign(DOCS, "acme").await;
    let open = http("open", "/open", CallerRequirement::None);
    world.apply("acme", vec![route, open]).await.expect("the routes are good");
    world.eventually("the routes are in force", async || world.get("/open").await.code == 0).await;
}

fn needs(resource: &str) -> PermissionRequirement {
    PermissionRequirement { resource: resource.to_owned(), permission: "view".to_owned() }
}

fn document(mode: PermissionsMode) -> Route {
    Route {
        permissions: vec![needs("folder:{folder}"), needs("document:{document}")],
        permissions_mode: mode.into(),
        ..http("read", "/v1/{folder:id}/{document:id}", REQUIRED)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_permissions_of_a_route_must_be_held() {
    let world = world_with(document(PermissionsMode::Unspecified)).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    world.permissions.allow("acme folder:f#view@user:alice");
    assert_eq!(world.get_as(key.expose(), "/v1/f/d").await.denied(), (403, "forbidden"));
    world.permissions.allow("acme document:d#view@user:alice");
    let answer = world.get_as(key.expose(), "/v1/f/d").await;
    assert_eq!(world.verified(&answer, "documents").permission, "folder#view&document#view");
    world.permissions.allow_no_more("acme folder:f#view@user:alice");
    assert_eq!(world.get_as(key.expose(), "/v1/f/d").await.denied(), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_permission_of_a_route_is_enough_and_none_is_not() {
    let world = world_with(document(PermissionsMode::Any)).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.get_as(key.expose(), "/v1/f/d").await.denied(), (403, "forbidden"));
    world.permissions.allow("acme document:d#view@user:alice");
    let answer = world.get_as(key.expose(), "/v1/f/d").await;
    assert_eq!(world.verified(&answer, "documents").permission, "folder#view|document#view");
    world.permissions.refuse(Some(Reason::NotReady));
    assert_eq!(world.get_as(key.expose(), "/v1/f/d").await.denied(), (503, "unavailable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_credential_that_the_route_does_not_take_is_refused() {
    let credentials = vec![CredentialKind::AccessToken.into()];
    let world = world_with(Route { credentials, ..http("me", "/me", REQUIRED) }).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let token = world.gate.with_token("acme", "user:alice", &[]).header_for("").1.replace("Bearer ", "");
    assert_eq!(world.get_as(key.expose(), "/me").await.denied(), (401, "credential_invalid"));
    assert_eq!(world.get_as(&token, "/me").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_may_be_captured_by_its_encoding() {
    let permissions = vec![needs("document:{file}")];
    let world = world_with(Route { permissions, ..http("file", "/files/{file:base64url}", REQUIRED) }).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    world.permissions.allow("acme document:YS5iIGM#view@user:alice");
    assert_eq!(world.get_as(key.expose(), "/files/a.b%20c").await.code, 0);
    assert_eq!(world.get_as(key.expose(), "/files/YS5iIGM").await.denied(), (403, "forbidden"));
    let long = format!("/files/{}", "a".repeat(769));
    assert_eq!(world.get_as(key.expose(), &long).await.denied(), (400, "request_ambiguous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_allows_on_error_lets_pass_in_an_outage_and_says_so() {
    let permissions = vec![needs("document:x")];
    let on_error = OnError::Allow.into();
    let world = world_with(Route { permissions, on_error, ..http("x", "/x", REQUIRED) }).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.get_as(key.expose(), "/x").await.denied(), (403, "forbidden"), "an answer is no outage");
    world.permissions.refuse(Some(Reason::NotReady));
    let claims = world.verified(&world.get_as(key.expose(), "/x").await, "documents");
    assert_eq!((claims.verdict, claims.permission.as_str()), (Verdict::Undecided, ""));
    assert_eq!(claims.subject, "user:alice");
    assert_eq!(world.get("/x").await.denied(), (401, "credential_missing"));
    world.permissions.refuse(None);
    world.permissions.allow("acme document:x#view@user:alice");
    let claims = world.verified(&world.get_as(key.expose(), "/x").await, "documents");
    assert_eq!((claims.verdict, claims.permission.as_str()), (Verdict::Allowed, "document#view"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_cannot_be_judged_never_passes_for_an_outage() {
    let on_error = OnError::Allow.into();
    let world = world_with(Route { on_error, ..http("me", "/me", REQUIRED) }).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    world.gate.identity().set_down(true);
    assert_eq!(world.get_as(key.expose(), "/me").await.denied(), (503, "unavailable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_bound_to_its_request_is_for_no_other() {
    let bind = Binding::Request.into();
    let world = world_with(Route { bind, ..http("me", "/me/{page:id}", REQUIRED) }).await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let claims = world.verified(&world.get_as(key.expose(), "/me/a?x=y").await, "documents");
    assert_eq!(claims.must_be_for("GET", DOCS, "/me/a"), Ok(()));
    assert!(claims.must_be_for("GET", DOCS, "/me/b").is_err());
    let other = world.verified(&world.get_as(key.expose(), "/me/b").await, "documents");
    assert_eq!(other.must_be_for("GET", DOCS, "/me/b"), Ok(()));
    let unbound = world.verified(&world.get("/open").await, "documents");
    assert!(unbound.must_be_for("GET", DOCS, "/open").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_may_tolerate_less_silence_of_identity_than_others() {
    let world = start_with(|config| config.identity_silence_seconds_max = 60).await;
    let strict = Route { revocation_grace_seconds: Some(5), ..http("strict", "/strict", REQUIRED) };
    world.assign(DOCS, "acme").await;
    world.apply("acme", vec![strict, http("me", "/me", REQUIRED)]).await.expect("the routes are good");
    let key = world.new_key("acme", "user:alice", &[], None);
    world.eventually("it is in force", async || world.get_as(key.expose(), "/strict").await.code == 0).await;
    world.gate.identity().set_down(true);
    tokio::time::sleep(std::time::Duration::from_millis(5_500)).await;
    assert_eq!(world.get_as(key.expose(), "/strict").await.denied(), (503, "unavailable"));
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_route_lets_pass_what_it_would_deny_and_says_who_calls_if_that_is_certain() {
    let mode = RouteMode::Shadow.into();
    let world = world_with(Route { mode, ..document(PermissionsMode::All) }).await;
    let said = async |bearer: &str| {
        let claims = world.verified(&world.get_as(bearer, "/v1/f/d").await, "documents");
        (claims.verdict, claims.permission, claims.tenant, claims.subject)
    };
    let alice = world.new_key("acme", "user:alice", &[], None);
    let stranger = world.new_key("globex", "user:eve", &[], None);
    let shadow = |tenant: &str, subject: &str| (Verdict::Shadow, String::new(), tenant.to_owned(), subject.to_owned());
    assert_eq!(said(alice.expose()).await, shadow("acme", "user:alice"));
    assert_eq!(said(stranger.expose()).await, shadow("", ""));
    assert_eq!(said("bwk_nonsense").await, shadow("", ""));
    assert_eq!(world.get("/v1/f/d.d").await.denied(), (400, "request_ambiguous"), "two readings never pass");
    let two = [("authorization", "Bearer a"), ("x-api-key", "b")];
    assert_eq!(world.ask(DOCS, "GET", "/v1/f/d", &two).await.denied(), (400, "request_ambiguous"));
    world.permissions.allow("acme folder:f#view@user:alice");
    world.permissions.allow("acme document:d#view@user:alice");
    assert_eq!(said(alice.expose()).await.0, Verdict::Allowed);
}
