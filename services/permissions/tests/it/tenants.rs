//! Tenants come from identity's feed.

use std::time::Duration;

use chassis::Reason;
use contract::identity::v1::TenantCreated;
use contract::identity::v1::event::Event;
use contract::permissions::v1::{ListRolesRequest, RevokeRoleRequest, Role, RoleAssignment};

use crate::world::{SCOPES, World, refused, user_with};

async fn system_rows(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT resource_type || ':' || resource_id || '#' || relation || '@' || subject_type || ':' || subject_id
         FROM relationship WHERE tenant = 'system' AND deleted_revision IS NULL ORDER BY 1",
    )
    .fetch_all(world.harness.pool())
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_begins_with_its_administrator() {
    let world = World::start().await;
    world.found_tenant("acme", true).await;
    world.found_tenant("other", false).await;
    assert_eq!(
        system_rows(&world).await,
        [
            "system:bailiwick#administrator@service_account:acme/admin",
            "tenant:acme#administrator@service_account:acme/admin",
            "tenant:acme#system@system:bailiwick",
            "tenant:other#administrator@service_account:other/admin",
            "tenant:other#system@system:bailiwick",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_cannot_be_read_holds_up_nobody() {
    let world = World::start().await;
    for tenant_id in ["", "system", "NO"] {
        world.harness.identity().publish(Event::TenantCreated(TenantCreated {
            tenant_id: tenant_id.to_owned(),
            ..TenantCreated::default()
        }));
    }
    world.found_tenant("acme", false).await;
    assert_eq!(system_rows(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_told_of_again_does_not_get_back_who_was_revoked() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    let mut roles = world.roles(world.caller());
    let bob = user_with(Role::Administrator, "bob");
    roles.grant_role(contract::permissions::v1::GrantRoleRequest { assignment: bob }).await.unwrap();
    let mut as_bob = world.roles(world.harness.as_subject("acme", "user:bob", &SCOPES));
    let list = as_bob.list_roles(ListRolesRequest::default()).await.unwrap().into_inner().assignments;
    let founder: Vec<RoleAssignment> =
        list.into_iter().filter(|assignment| assignment.subject.as_ref().unwrap().id == "admin").collect();
    as_bob.revoke_role(RevokeRoleRequest { assignment: founder.first().cloned() }).await.unwrap();

    // As after a restore of identity's database: the same event, at a new number.
    world.harness.identity().publish(Event::TenantCreated(TenantCreated {
        tenant_id: "acme".to_owned(),
        administrator: founder[0].subject.clone(),
        administers_system: true,
    }));
    world.found_tenant("other", false).await;
    assert_eq!(
        system_rows(&world).await,
        [
            "tenant:acme#administrator@user:acme/bob",
            "tenant:acme#system@system:bailiwick",
            "tenant:other#administrator@service_account:other/admin",
            "tenant:other#system@system:bailiwick",
        ]
    );
    let request = RevokeRoleRequest { assignment: user_with(Role::Writer, "x") };
    let of_the_founder = world.roles(world.caller()).revoke_role(request).await;
    assert_eq!(refused(of_the_founder).0, Reason::RoleNotHeld);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_feed_goes_on_where_it_was() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    world.harness.identity().set_down(true);
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.harness.identity().set_down(false);
    world.found_tenant("other", false).await;
    assert_eq!(system_rows(&world).await.len(), 4);
}
