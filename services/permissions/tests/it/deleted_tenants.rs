//! Tenants go with identity's feed: relationships, roles and the schema, in batches, through whatever happens.

use std::time::{Duration, Instant};

use chassis::Reason;
use contract::identity::v1::event::Event;
use contract::identity::v1::{ReportTenantDeletedRequest, TenantDeleted};
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{Permissionship, ReadSchemaRequest};
use permissions::{Config, Permissions};

use crate::world::{World, check_request, refused, update};

fn delete(world: &World, tenant: &str) {
    let event = TenantDeleted { tenant_id: tenant.to_owned(), asked_at: None };
    world.harness.identity().publish(Event::TenantDeleted(event));
}

/// Gives acme so many relationships.
async fn fill(world: &World, relationships: usize) {
    let all: Vec<String> = (0..relationships).map(|number| format!("document:d{number}#viewer@user:alice")).collect();
    for some in all.chunks(1_000) {
        world.write_all(some.iter().map(|text| update(Operation::Touch, text)).collect()).await.unwrap();
    }
}

async fn count(world: &World, tenant: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM relationship WHERE tenant = $1 AND deleted_revision IS NULL")
        .bind(tenant)
        .fetch_one(world.harness.pool())
        .await
        .unwrap()
}

/// Waits until identity was told that nothing is left.
async fn told(world: &World) -> ReportTenantDeletedRequest {
    let began = Instant::now();
    loop {
        if let Some(report) = world.harness.identity().reported_deletions().first() {
            return report.clone();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "identity is not told");
        world.harness.clock().advance(time::Duration::seconds(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What gate is answered, which may name any tenant.
async fn asked_by_gate(world: &World) -> Permissionship {
    let mut request = tonic::Request::new(check_request(("document:d1", "view", "user:alice"), None));
    request.metadata_mut().insert("bailiwick-tenant", "acme".parse().unwrap());
    let mut client = PermissionServiceClient::new(world.harness.channel_as_peer("gate"));
    // Of a type that the schema has no more, nothing is known.
    client.check(request).await.map_or(Permissionship::NoPermission, |answer| answer.into_inner().permissionship())
}

fn counts(report: &ReportTenantDeletedRequest) -> Vec<(&str, u64)> {
    report.rows.iter().map(|rows| (rows.kind.as_str(), rows.count)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_tenant_has_no_relationships_roles_or_schema_and_identity_is_told() {
    let world = World::with_schema().await;
    world.found_tenant("acme", false).await;
    world.found_tenant("other", false).await;
    fill(&world, 2_500).await;
    delete(&world, "acme");
    let report = told(&world).await;
    assert_eq!(report.tenant_id, "acme");
    assert_eq!(counts(&report), [("relationship", 2_500), ("role", 2), ("schema", 1)]);
    assert!(report.done_at.is_some());
    assert_eq!(count(&world, "acme").await, 0);
    assert_eq!(count(&world, "system").await, 2, "the other tenant's");
    // Whoever is of the tenant is believed nothing any more.
    let schema = world.schemas(world.caller()).read_schema(ReadSchemaRequest::default()).await;
    assert_eq!(refused(schema).0, Reason::CredentialInvalid);
    // Nor does a peer that acts for tenants find anything.
    let began = Instant::now();
    while asked_by_gate(&world).await == Permissionship::HasPermission {
        assert!(began.elapsed() < Duration::from_secs(5), "the index still has it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_was_cut_off_goes_on_where_it_was() {
    let mut world = World::with_schema().await;
    world.found_tenant("acme", false).await;
    fill(&world, 3_000).await;
    delete(&world, "acme");
    let began = Instant::now();
    while count(&world, "acme").await == 3_000 {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is deleted");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let config = Config::with_token_key(world.harness.files().secret_hex());
    world.harness.restart::<Permissions>(config).await;
    let report = told(&world).await;
    assert_eq!(counts(&report), [("relationship", 3_000), ("role", 2), ("schema", 1)], "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_tenant_that_is_told_of_as_new_stays_deleted() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    delete(&world, "acme");
    assert_eq!(counts(&told(&world).await), [("role", 2)]);
    // As after a restore of identity's database to a moment before.
    world.harness.identity().publish(Event::TenantCreated(contract::identity::v1::TenantCreated {
        tenant_id: "acme".to_owned(),
        administrator: Some(crate::world::subject(contract::common::v1::SubjectKind::ServiceAccount, "admin")),
        administers_system: true,
    }));
    world.found_tenant("other", false).await;
    assert_eq!(count(&world, "system").await, 2, "the other tenant's alone");
}
