//! The API keys of the caller's tenant: of all owners, or of one.

use chassis::Reason;
use contract::common::v1::Subject;
use contract::identity::v1::{CreateUserRequest, ListApiKeysRequest};

use crate::world::{World, key_request, reason, reason_and, service_account, start, user};

async fn list(world: &World, owner: Option<Subject>, page_size: u32) -> Vec<String> {
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListApiKeysRequest { owner: owner.clone(), page_size, page_token };
        let page = world.api_keys("acme").list_api_keys(request).await.unwrap().into_inner();
        seen.extend(page.api_keys.into_iter().map(|key| key.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_of_the_callers_tenant_and_of_the_owner_that_is_named() {
    let world = start().await;
    world.found("other").await;
    let alice = CreateUserRequest { user_id: "alice".into(), display_name: "Alice".into(), ..Default::default() };
    world.users("acme").create_user(alice).await.unwrap();
    let mut all = vec![world.acme.api_key.clone().unwrap().id];
    let mut alices = Vec::new();
    for _ in 0..5 {
        all.push(world.key("acme", &[]).await.api_key.unwrap().id);
        world.key("other", &[]).await;
        let made = world.api_keys("acme").create_api_key(key_request(user("alice"), &[])).await.unwrap().into_inner();
        alices.push(made.api_key.unwrap().id);
    }
    let mut admins = all.clone();
    all.extend(alices.clone());
    for ids in [&mut all, &mut alices, &mut admins] {
        ids.sort();
    }
    for page_size in [1, 3, 5, 0] {
        assert_eq!(list(&world, None, page_size).await, all);
        assert_eq!(list(&world, user("alice"), page_size).await, alices);
        assert_eq!(list(&world, service_account("admin"), page_size).await, admins);
    }
    assert!(list(&world, user("nobody"), 0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_good_for_its_own_list_alone() {
    let world = start().await;
    world.key("acme", &[]).await;
    let request = ListApiKeysRequest { page_size: 1, ..Default::default() };
    let token = world.api_keys("acme").list_api_keys(request).await.unwrap().into_inner().next_page_token;
    for (owner, page_token) in [(service_account("admin"), token), (None, "x".to_owned()), (None, "A".repeat(24))] {
        let request = ListApiKeysRequest { owner, page_size: 1, page_token };
        assert_eq!(reason(world.api_keys("acme").list_api_keys(request).await), Reason::PageTokenInvalid);
    }
    let request = ListApiKeysRequest { page_size: 1_001, ..Default::default() };
    let refused = world.api_keys("acme").list_api_keys(request).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "page_size_max".to_owned()));
    let request = ListApiKeysRequest { owner: user("A"), ..Default::default() };
    let refused = world.api_keys("acme").list_api_keys(request).await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "owner.id".to_owned()));
}
