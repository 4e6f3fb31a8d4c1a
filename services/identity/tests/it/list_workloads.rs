//! The workloads of all tenants, a page at a time.

use chassis::Reason;
use contract::identity::v1::ListWorkloadsRequest;

use crate::bind_workload::{bind, workload};
use crate::world::{reason, start};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_give_each_workload_once_in_order() {
    let world = start().await;
    world.found("other").await;
    for (name, tenant) in [("b", "acme"), ("a/b", "other"), ("a", "acme"), ("Z", "other")] {
        bind(&world, workload(&format!("spiffe://td/{name}"), tenant, "admin")).await.unwrap();
    }
    for page_size in [1, 2, 4, 0] {
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = world.workloads().list_workloads(ListWorkloadsRequest { page_size, page_token }).await;
            let page = page.unwrap().into_inner();
            seen.extend(page.workloads.into_iter().map(|workload| (workload.spiffe_id, workload.tenant_id)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let expected = [("Z", "other"), ("a", "acme"), ("a/b", "other"), ("b", "acme")];
        let expected = expected.map(|(name, tenant)| (format!("spiffe://td/{name}"), tenant.to_owned()));
        assert_eq!(seen, expected, "{page_size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_that_is_none_is_refused() {
    let world = start().await;
    let request = ListWorkloadsRequest { page_size: 1, page_token: "x".to_owned() };
    assert_eq!(reason(world.workloads().list_workloads(request).await), Reason::PageTokenInvalid);
}
