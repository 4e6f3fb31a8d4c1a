//! Every key of the administrators is lost: whoever has the database's password and the pepper gets in again.

use std::time::{Duration, Instant};

use contract::identity::v1::ListTenantsRequest;
use e2e::World;
use testing::Part;
use tonic::{Code, Status};

/// How long a new key or tenant may take to be known everywhere.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// Does what administrators of the installation alone may do.
async fn administer(world: &World, key: &str) -> Result<(), Status> {
    let gateway = world.gateway();
    let request = gateway.request(ListTenantsRequest::default(), Some(key))?;
    gateway.tenants().list_tenants(request).await.map(drop)
}

async fn comes_to_administer(world: &World, key: &str) {
    let began = Instant::now();
    while let Err(status) = administer(world, key).await {
        assert!(
            matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied | Code::Unavailable),
            "{status}"
        );
        assert!(began.elapsed() < KNOWN_WITHIN, "{status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_database_and_the_pepper_gets_in_again_when_every_key_is_lost() {
    let world = World::start("recover").await;
    let recover = async |tenant: &str, administrator: &str| {
        let cluster = world.cluster.lock().await;
        cluster.recover(tenant, administrator)
    };
    let key = recover("operators", "root").await.expect("the administrator is there");
    comes_to_administer(&world, &key).await;
    let other = recover("rescue", "root").await.expect("the tenant is not there yet");
    comes_to_administer(&world, &other).await;

    // Nobody becomes an administrator by being given a key, and nothing is made in somebody's tenant.
    let carol = recover("acme", "ci").await.expect("any service account's key may be lost");
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        administer(&world, &carol).await.expect_err("it administers nothing");
    }
    let refused = recover("acme", "nobody").await.expect_err("there is no such account");
    assert!(refused.to_string().contains("there is no such service_account"), "{refused}");
    let refused = recover("system", "root").await.expect_err("it is a tenant of nobody");
    assert!(refused.to_string().contains("tenant_id"), "{refused}");

    let log = || std::fs::read_to_string(world.files().log(Part::Identity)).expect("identity has a log");
    let began = Instant::now();
    while log().matches("identity.administrator.recovered").count() < 3 {
        assert!(began.elapsed() < KNOWN_WITHIN, "the audit trail does not have all three");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!log().contains(&key), "a key is in no log");
}
