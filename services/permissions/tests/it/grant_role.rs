//! Giving roles.

use chassis::Reason;
use contract::common::v1::SubjectKind;
use contract::permissions::v1::{GrantRoleRequest, Role, RoleAssignment};

use crate::world::{SCOPES, World, check_request, refused, subject, user_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_in_force_at_its_token_and_giving_it_again_changes_nothing() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    world.write_schema(crate::world::SCHEMA).await.unwrap();
    let token_of_bob = || world.harness.with_token("acme", "user:bob", &SCOPES);
    let question = || check_request(("document:a", "view", "user:alice"), None);
    assert_eq!(refused(world.permissions(token_of_bob()).check(question()).await).0, Reason::PermissionMissing);

    let request = GrantRoleRequest { assignment: user_with(Role::Checker, "bob") };
    let first = world.roles(world.caller()).grant_role(request.clone()).await.unwrap().into_inner();
    let again = world.roles(world.caller()).grant_role(request).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert!(
        world
            .ask(world.caller(), ("document:a", "view", "user:alice"), crate::world::at_least(&first.written_at))
            .await
            .is_ok()
    );
    world.permissions(token_of_bob()).check(question()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_what_they_do_not_hold() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    world
        .roles(world.caller())
        .grant_role(GrantRoleRequest { assignment: user_with(Role::Writer, "bob") })
        .await
        .unwrap();
    // Gate let them through, perhaps by a schema to come; the role still decides what they may hand on.
    let mut as_bob = world.roles(world.harness.as_subject("acme", "user:bob", &SCOPES));
    for role in [Role::Administrator, Role::Checker, Role::Auditor] {
        let granted = as_bob.grant_role(GrantRoleRequest { assignment: user_with(role, "bob") }).await;
        assert_eq!(refused(granted).0, Reason::RoleNotHeld, "{role:?}");
    }
    as_bob.grant_role(GrantRoleRequest { assignment: user_with(Role::Writer, "carol") }).await.unwrap();
    let request = GrantRoleRequest { assignment: user_with(Role::Checker, "eve") };
    let of_stranger = world.roles(world.stranger()).grant_role(request).await;
    assert_eq!(refused(of_stranger).0, Reason::RoleNotHeld);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_assignment_is_named() {
    let world = World::start().await;
    world.found_tenant("acme", false).await;
    for (assignment, field) in [
        (None, "assignment: "),
        (user_with(Role::Unspecified, "bob"), "assignment.role: "),
        (Some(RoleAssignment { role: 99, subject: Some(subject(SubjectKind::User, "bob")) }), "assignment.role: "),
        (Some(RoleAssignment { role: 1, subject: None }), "assignment.subject: "),
        (
            Some(RoleAssignment { role: 1, subject: Some(subject(SubjectKind::Unspecified, "b")) }),
            "assignment.subject.kind: ",
        ),
        (user_with(Role::Writer, "../bob"), "assignment.subject.id: "),
    ] {
        let granted = world.roles(world.caller()).grant_role(GrantRoleRequest { assignment }).await;
        let (reason, message) = refused(granted);
        assert_eq!(reason, Reason::FieldInvalid);
        assert!(message.starts_with(field), "{message}");
    }
}
