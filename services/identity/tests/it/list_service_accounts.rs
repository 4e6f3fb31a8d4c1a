//! The service accounts of the caller's tenant, a page at a time.

use chassis::Reason;
use contract::identity::v1::{CreateServiceAccountRequest, ListServiceAccountsRequest};

use crate::world::{World, reason, reason_and, start};

async fn make(world: &World, tenant: &str, id: &str) {
    let request = CreateServiceAccountRequest {
        service_account_id: id.to_owned(),
        display_name: id.to_owned(),
        idempotency_key: String::new(),
    };
    world.service_accounts(tenant).create_service_account(request).await.unwrap();
}

async fn list(world: &World, page_size: u32) -> Vec<String> {
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListServiceAccountsRequest { page_size, page_token };
        let page = world.service_accounts("acme").list_service_accounts(request).await.unwrap().into_inner();
        seen.extend(page.service_accounts.into_iter().map(|service_account| service_account.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_give_each_of_the_tenants_service_accounts_once_in_order() {
    let world = start().await;
    world.found("other").await;
    for id in ["b", "a", "a-1", "a_1", "a1", "9"] {
        make(&world, "acme", id).await;
        make(&world, "other", &format!("other-{id}")).await;
    }
    let expected: Vec<String> = ["9", "a", "a-1", "a1", "a_1", "admin", "b"].map(str::to_owned).to_vec();
    for page_size in [1, 2, 6, 7, 0, 1_000] {
        assert_eq!(list(&world, page_size).await, expected, "{page_size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_grows_between_pages_gives_nothing_twice() {
    let world = start().await;
    for id in ["b", "d"] {
        make(&world, "acme", id).await;
    }
    let request = ListServiceAccountsRequest { page_size: 2, page_token: String::new() };
    let first = world.service_accounts("acme").list_service_accounts(request).await.unwrap().into_inner();
    make(&world, "acme", "aa").await;
    make(&world, "acme", "c").await;
    let request = ListServiceAccountsRequest { page_size: 10, page_token: first.next_page_token };
    let second = world.service_accounts("acme").list_service_accounts(request).await.unwrap().into_inner();
    let ids: Vec<&str> = second.service_accounts.iter().map(|service_account| service_account.id.as_str()).collect();
    assert_eq!(ids, ["c", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_good_for_its_own_list_alone() {
    let world = start().await;
    world.found("other").await;
    for id in ["a", "b"] {
        make(&world, "acme", id).await;
    }
    let request = ListServiceAccountsRequest { page_size: 1, page_token: String::new() };
    let token =
        world.service_accounts("acme").list_service_accounts(request).await.unwrap().into_inner().next_page_token;
    let elsewhere = ListServiceAccountsRequest { page_size: 1, page_token: token };
    assert_eq!(
        reason(world.service_accounts("other").list_service_accounts(elsewhere).await),
        Reason::PageTokenInvalid
    );

    for page_token in ["x".to_owned(), "A".repeat(40), "é".to_owned()] {
        let request = ListServiceAccountsRequest { page_size: 1, page_token };
        assert_eq!(
            reason(world.service_accounts("acme").list_service_accounts(request).await),
            Reason::PageTokenInvalid
        );
    }
    let request = ListServiceAccountsRequest { page_size: 1_001, page_token: String::new() };
    let refused = world.service_accounts("acme").list_service_accounts(request).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "page_size_max".to_owned()));
}
