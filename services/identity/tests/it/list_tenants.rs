//! The tenants, a page at a time.

use chassis::Reason;
use contract::identity::v1::ListTenantsRequest;

use crate::world::{reason, reason_and, start};

#[tokio::test(flavor = "multi_thread")]
async fn pages_give_each_tenant_once_in_the_order_of_ids() {
    let world = start().await;
    for tenant in ["zeta", "beta", "beta-2", "alpha"] {
        world.found(tenant).await;
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTenantsRequest { page_size: 2, page_token };
        let page = world.tenants().list_tenants(request).await.unwrap().into_inner();
        assert!(page.tenants.len() <= 2);
        seen.extend(page.tenants.into_iter().map(|tenant| tenant.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["acme", "alpha", "beta", "beta-2", "zeta"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_page_and_a_made_up_token_are_refused() {
    let world = start().await;
    let request = ListTenantsRequest { page_size: 1_001, page_token: String::new() };
    let refused = world.tenants().list_tenants(request).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "page_size_max".to_owned()));
    for page_token in ["x", "AAAAAAAAAAAAAAAAAAAA", "é"] {
        let request = ListTenantsRequest { page_size: 0, page_token: page_token.to_owned() };
        assert_eq!(reason(world.tenants().list_tenants(request).await), Reason::PageTokenInvalid, "{page_token}");
    }
}
