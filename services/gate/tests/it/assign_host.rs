//! A host goes to one tenant, and to no other after that.

use chassis::Reason;
use contract::gate::v1::{AssignHostRequest, AssignHostResponse, Host};
use tonic::{Response, Status};

use crate::world::{OWN_HOST, World, reason, start};

async fn assign(world: &World, host: &str, tenant: &str) -> Result<Response<AssignHostResponse>, Status> {
    let host = Host { host: host.to_owned(), tenant_id: tenant.to_owned() };
    world.hosts().assign_host(AssignHostRequest { host: Some(host) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_host_is_given_and_given_again_to_the_same_tenant() {
    let world = start().await;
    for _ in 0..2 {
        let host = assign(&world, "docs.example", "acme").await.unwrap().into_inner().host.unwrap();
        assert_eq!((host.host.as_str(), host.tenant_id.as_str()), ("docs.example", "acme"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_another_tenant_or_of_bailiwick_is_taken() {
    let world = start().await;
    assign(&world, "docs.example", "acme").await.unwrap();
    assert_eq!(reason(assign(&world, "docs.example", "globex").await), Reason::HostTaken);
    assert_eq!(reason(assign(&world, OWN_HOST, "acme").await), Reason::HostTaken);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_who_ask_at_once_do_not_both_get_it() {
    let world = start().await;
    let (one, other) = tokio::join!(assign(&world, "docs.example", "acme"), assign(&world, "docs.example", "globex"));
    assert!(one.is_ok() ^ other.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_in_another_spelling_and_a_tenant_that_cannot_be_are_refused() {
    let world = start().await;
    let long = format!("{}.example", "a.".repeat(125));
    for host in
        ["", "Docs.example", "docs.example:443", "docs.example.", "*.example", "a b", "docs_example", long.as_str()]
    {
        assert_eq!(reason(assign(&world, host, "acme").await), Reason::FieldInvalid, "{host}");
    }
    for tenant in ["", "Acme", "system"] {
        assert_eq!(reason(assign(&world, "docs.example", tenant).await), Reason::FieldInvalid, "{tenant}");
    }
    assert_eq!(reason(world.hosts().assign_host(AssignHostRequest { host: None }).await), Reason::FieldInvalid);
}
