//! The deletion of a tenant outlives the death of whoever is at it.

use std::time::{Duration, Instant};

use contract::identity::v1::{CreateTenantRequest, DeleteTenantRequest, GetTenantRequest, Tenant};
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest, WriteSchemaRequest};
use e2e::World;
use testing::cluster::SERVICES;
use testing::sample;

use crate::REPLICAS;

/// How many relationships the tenant has: some batches.
const RELATIONSHIPS: u32 = 20_000;

/// The time in which everything of it must be gone, the deaths and all.
const DELETED_WITHIN: Duration = Duration::from_secs(240);

async fn found(world: &World) -> String {
    let gateway = world.gateway();
    let request = CreateTenantRequest {
        tenant_id: "leavers".to_owned(),
        display_name: "Leaving".to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: "found".to_owned(),
    };
    let request = gateway.request(request, Some(&world.key("root"))).unwrap();
    let key = gateway.tenants().create_tenant(request).await.unwrap().into_inner().api_key_secret;
    let schema_text = "definition user {}\ndefinition document {\n    relation viewer: user\n}".to_owned();
    let schema = WriteSchemaRequest { schema_text };
    let write = async || gateway.schemas().write_schema(gateway.request(schema.clone(), Some(&key))?).await;
    gateway.settle("WriteSchema", write).await.unwrap();
    for first in (0..RELATIONSHIPS).step_by(1_000) {
        let update = |number: u32| RelationshipUpdate {
            operation: Operation::Touch.into(),
            relationship: Some(sample::parse_relationship(&format!("document:d{number}#viewer@user:ann")).unwrap()),
        };
        let updates = (first..first + 1_000).map(update).collect();
        let request = WriteRelationshipsRequest { updates, ..Default::default() };
        gateway.relationships().write_relationships(gateway.request(request, Some(&key)).unwrap()).await.unwrap();
    }
    key
}

async fn get(world: &World) -> Option<Tenant> {
    let (gateway, root) = (world.gateway(), world.key("root"));
    let request = GetTenantRequest { tenant_id: "leavers".to_owned() };
    let answer = gateway.tenants().get_tenant(gateway.request(request, Some(&root)).unwrap()).await;
    // A replica that dies may take a call along.
    answer.ok()?.into_inner().tenant
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_tenants_deletion_goes_on_after_every_service_was_killed_in_the_middle_of_it() {
    let world = World::start_with("deletions", REPLICAS).await;
    found(&world).await;
    let gateway = world.gateway();
    let request = DeleteTenantRequest { tenant_id: "leavers".to_owned() };
    gateway.tenants().delete_tenant(gateway.request(request, Some(&world.key("root"))).unwrap()).await.unwrap();
    let began = Instant::now();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    for service in SERVICES {
        for member in service.members(REPLICAS) {
            world.cluster.lock().await.kill(member).unwrap();
            world.cluster.lock().await.restart(member).await.unwrap();
        }
    }
    let deletion = loop {
        let deletion = get(&world).await.and_then(|tenant| tenant.deletion);
        if let Some(deletion) = deletion.filter(|deletion| deletion.done_at.is_some()) {
            break deletion;
        }
        assert!(began.elapsed() < DELETED_WITHIN, "it is not done");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let permissions = deletion.services.iter().find(|service| service.service == "permissions").unwrap();
    let relationships = permissions.rows.iter().find(|rows| rows.kind == "relationship").unwrap();
    assert_eq!(relationships.count, u64::from(RELATIONSHIPS), "each is counted once");
    println!("gone after {:?}, with every process killed once", began.elapsed());
}
