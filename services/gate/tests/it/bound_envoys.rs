//! A tenant's own Envoy asks about that tenant's hosts; all others are nobody's to it, Bailiwick's own among them.

use chassis::Reason;
use contract::gate::v1::CallerRequirement;
use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;

use crate::world::{Answer, DOCS, OWN_HOST, World, http, start_with_routes};

const GLOBEX_HOST: &str = "docs.globex.example";

/// A host with an open route for acme, and one for globex.
async fn two_tenants() -> World {
    let world = start_with_routes().await;
    world.assign(GLOBEX_HOST, "globex").await;
    let mut open = http("open", "/open", CallerRequirement::None);
    open.host = GLOBEX_HOST.to_owned();
    world.apply("globex", vec![open]).await.expect("the route is good");
    world.eventually("globex' route is in force", async || open_at(&world, GLOBEX_HOST).await.code == 0).await;
    world
}

async fn open_at(world: &World, host: &str) -> Answer {
    world.ask(host, "GET", "/open", &[]).await
}

/// What of a denial could tell it from another.
fn seen(answer: &Answer) -> (i32, i32, bool, String, Vec<String>) {
    let id = &answer.headers["bailiwick-decision-id"];
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            // The id stands in it too, in base64.
            let value = if name.ends_with("-bin") { value.len().to_string() } else { value.replace(id, "ID") };
            format!("{name}: {value}")
        })
        .collect();
    headers.sort();
    (answer.code, answer.status, answer.is_error, answer.body.replace(id, "ID"), headers)
}

#[tokio::test]
async fn an_envoy_that_is_bound_to_a_tenant_is_answered_about_its_hosts_alone() {
    let mut world = two_tenants().await;
    assert_eq!(open_at(&world, DOCS).await.code, 0, "the gateway asks about everybody's");
    for (tenant, own, others) in [("acme", DOCS, GLOBEX_HOST), ("globex", GLOBEX_HOST, DOCS)] {
        world.comes_from(&format!("envoy/{tenant}"));
        assert_eq!(open_at(&world, own).await.code, 0, "{tenant} at its own");
        assert_eq!(open_at(&world, others).await.denied(), (403, "route_unknown"), "{tenant} at another's");
    }
    world.comes_from("envoy/initech");
    for host in [DOCS, GLOBEX_HOST] {
        assert_eq!(open_at(&world, host).await.denied(), (403, "route_unknown"), "a tenant without hosts");
    }
}

#[tokio::test]
async fn its_own_callers_are_decided_about_as_through_the_gateway() {
    let mut world = two_tenants().await;
    world.comes_from("envoy/acme");
    let alice = world.new_key("acme", "user:alice", &["documents.read"], None);
    let stranger = world.new_key("globex", "user:mallory", &["documents.read"], None);
    let claims = world.verified(&world.get_as(alice.expose(), "/me").await, "documents");
    assert_eq!((claims.tenant.as_str(), claims.subject.as_str()), ("acme", "user:alice"));
    assert_eq!(world.get("/me").await.denied(), (401, "credential_missing"));
    assert_eq!(world.get_as(stranger.expose(), "/me").await.denied(), (403, "forbidden"));
}

#[tokio::test]
async fn anothers_host_bailiwicks_own_and_nobodys_look_alike_to_it() {
    let mut world = two_tenants().await;
    world.comes_from("envoy/acme");
    let key = world.new_key("acme", "user:alice", &["gate.read"], None);
    let list = "/bailiwick.gate.v1.RouteService/ListRoutes";
    let at = async |host: &str| seen(&world.call_as(key.expose(), host, list).await);
    let nobodys = at("nobody.example").await;
    assert_eq!(at(OWN_HOST).await, nobodys, "Bailiwick's own");
    assert_eq!(at(GLOBEX_HOST).await, nobodys, "another tenant's");
    assert_eq!(seen(&open_at(&world, GLOBEX_HOST).await), seen(&open_at(&world, "nobody.example").await));
    // Not even an id that its route would refuse is told apart.
    let odd = async |host: &str| seen(&world.ask(host, "GET", "/v1/documents/~", &[]).await);
    assert_eq!(odd(GLOBEX_HOST).await, odd("nobody.example").await);
}

#[tokio::test]
async fn what_it_asks_about_anothers_host_is_not_among_the_others_decisions() {
    let mut world = two_tenants().await;
    let refused = {
        world.comes_from("envoy/acme");
        open_at(&world, GLOBEX_HOST).await.headers["bailiwick-decision-id"].clone()
    };
    let explain = contract::gate::v1::ExplainDecisionRequest { decision_id: refused };
    for tenant in ["acme", "globex"] {
        let answer = world.decisions(tenant).explain_decision(explain.clone()).await;
        assert_eq!(crate::world::reason(answer), Reason::ResourceNotFound, "{tenant}");
    }
}

#[tokio::test]
async fn a_certificate_that_binds_to_no_tenant_asks_nothing() {
    let world = start_with_routes().await;
    for nobody in ["envoy", "envoy/system", "envoy/acme/globex", "gateway/acme"] {
        let mut envoy = AuthorizationClient::new(world.gate.channel_as_peer(nobody));
        let refused = envoy.check(CheckRequest::default()).await.expect_err("nobody is answered");
        assert_eq!(chassis::error::reason_of(&refused), Some(Reason::PeerRequired), "{nobody}");
    }
}
