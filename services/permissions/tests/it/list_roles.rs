//! Listing roles.

use chassis::Reason;
use contract::permissions::v1::{GrantRoleRequest, ListRolesRequest, Role};

use crate::world::{World, refused, user_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_are_listed_a_page_at_a_time_and_only_the_tenants_own() {
    let world = World::start().await;
    world.found_tenant("acme", true).await;
    world.found_tenant("other", false).await;
    let mut roles = world.roles(world.caller());
    for (role, id) in [(Role::Writer, "bob"), (Role::Writer, "alice"), (Role::Auditor, "bob"), (Role::Checker, "zoe")] {
        roles.grant_role(GrantRoleRequest { assignment: user_with(role, id) }).await.unwrap();
    }
    let mut listed = Vec::new();
    let mut request = ListRolesRequest { page_size: 2, page_token: String::new() };
    loop {
        let page = roles.list_roles(request.clone()).await.unwrap().into_inner();
        assert!(page.assignments.len() <= 2);
        listed.extend(page.assignments.iter().map(|one| (one.role(), one.subject.as_ref().unwrap().id.clone())));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let expected = [
        (Role::Administrator, "admin"),
        (Role::Auditor, "bob"),
        (Role::Checker, "zoe"),
        (Role::Writer, "alice"),
        (Role::Writer, "bob"),
    ];
    assert_eq!(listed, expected.map(|(role, id)| (role, id.to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_is_refused() {
    let world = World::start().await;
    let mut roles = world.roles(world.caller());
    let too_large = roles.list_roles(ListRolesRequest { page_size: 1_001, page_token: String::new() }).await;
    assert_eq!(refused(too_large).0, Reason::LimitExceeded);
    let made_up = roles.list_roles(ListRolesRequest { page_size: 0, page_token: "made-up".to_owned() }).await;
    assert_eq!(refused(made_up).0, Reason::PageTokenInvalid);
}
