//! The routes in force are listed as they were applied.

use chassis::Reason;
use contract::gate::v1::{ListRoutesRequest, ListRoutesResponse};

use crate::world::{DOCS, World, document_routes, reason, start};

async fn list(world: &World, tenant: &str, page_size: u32, page_token: &str) -> ListRoutesResponse {
    let request = ListRoutesRequest { page_size, page_token: page_token.to_owned() };
    world.routes(tenant).list_routes(request).await.expect("listed").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_route_once_by_name_and_as_it_was_applied() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    assert_eq!(world.apply("acme", document_routes()).await.unwrap(), 1);

    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = list(&world, "acme", 2, &page_token).await;
        assert_eq!(page.version, 1);
        listed.extend(page.routes);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    let mut expected = document_routes();
    expected.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(listed, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_routes_has_version_zero_and_sees_nobody_elses() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.unwrap();
    let answer = list(&world, "globex", 0, "").await;
    assert_eq!((answer.version, answer.routes.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_too_large_and_another_tenants_token_are_refused() {
    let world = start().await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.unwrap();
    let page_token = list(&world, "acme", 1, "").await.next_page_token;
    let foreign = world.routes("globex").list_routes(ListRoutesRequest { page_size: 1, page_token }).await;
    assert_eq!(reason(foreign), Reason::PageTokenInvalid);
    let large =
        world.routes("acme").list_routes(ListRoutesRequest { page_size: 1_001, page_token: String::new() }).await;
    assert_eq!(reason(large), Reason::LimitExceeded);
}
