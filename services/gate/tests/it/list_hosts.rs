//! Hosts are listed by name, a page at a time.

use chassis::Reason;
use contract::gate::v1::ListHostsRequest;

use crate::world::{reason, start};

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_host_once_and_in_order() {
    let world = start().await;
    for (host, tenant) in [("c.example", "acme"), ("a-b.example", "globex"), ("a.example", "acme")] {
        world.assign(host, tenant).await;
    }
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let answer =
            world.hosts().list_hosts(ListHostsRequest { page_size: 2, page_token }).await.unwrap().into_inner();
        listed.extend(answer.hosts.into_iter().map(|host| (host.host, host.tenant_id)));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let expected = [("a-b.example", "globex"), ("a.example", "acme"), ("c.example", "acme")];
    assert_eq!(listed, expected.map(|(host, tenant)| (host.to_owned(), tenant.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_too_large_and_a_made_up_token_are_refused() {
    let world = start().await;
    let list = async |page_size, page_token: &str| {
        world.hosts().list_hosts(ListHostsRequest { page_size, page_token: page_token.to_owned() }).await
    };
    assert!(list(1_000, "").await.is_ok());
    assert_eq!(reason(list(1_001, "").await), Reason::LimitExceeded);
    assert_eq!(reason(list(0, "made-up").await), Reason::PageTokenInvalid);
}
