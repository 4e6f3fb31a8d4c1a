//! Taking roles.

use chassis::Reason;
use contract::common::v1::SubjectKind;
use contract::permissions::v1::{GrantRoleRequest, RevokeRoleRequest, Role, RoleAssignment};
use futures::future::join_all;

use crate::world::{SCOPES, World, refused, subject, user_with};

fn founder() -> Option<RoleAssignment> {
    let subject = Some(subject(SubjectKind::ServiceAccount, "admin"));
    Some(RoleAssignment { role: Role::Administrator.into(), subject })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_taken_and_taking_it_again_changes_nothing() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    let mut roles = world.roles(world.caller());
    roles.grant_role(GrantRoleRequest { assignment: user_with(Role::Writer, "bob") }).await.unwrap();
    let request = RevokeRoleRequest { assignment: user_with(Role::Writer, "bob") };
    let first = roles.revoke_role(request.clone()).await.unwrap().into_inner();
    assert_eq!(roles.revoke_role(request.clone()).await.unwrap().into_inner(), first);
    let as_bob = world.roles(world.harness.as_subject("acme", "user:bob", &SCOPES)).revoke_role(request).await;
    assert_eq!(refused(as_bob).0, Reason::RoleNotHeld);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_administrator_stays() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    world.found_tenant("other", false).await;
    let mut roles = world.roles(world.caller());
    let revoked = roles.revoke_role(RevokeRoleRequest { assignment: founder() }).await;
    assert_eq!(refused(revoked).0, Reason::LastAdministrator);
    roles.grant_role(GrantRoleRequest { assignment: user_with(Role::Administrator, "bob") }).await.unwrap();
    roles.revoke_role(RevokeRoleRequest { assignment: founder() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_administrators_who_revoke_each_other_leave_one() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    let bob = || user_with(Role::Administrator, "bob");
    world.roles(world.caller()).grant_role(GrantRoleRequest { assignment: bob() }).await.unwrap();
    let each = [("service_account:admin", bob()), ("user:bob", founder())];
    let results = join_all(each.map(|(caller, assignment)| {
        let world = &world;
        async move {
            let caller = world.harness.as_subject("acme", caller, &SCOPES);
            world.roles(caller).revoke_role(RevokeRoleRequest { assignment }).await
        }
    }))
    .await;
    let (done, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for failure in failed {
        assert_eq!(refused(failure).0, Reason::RoleNotHeld);
    }
}
