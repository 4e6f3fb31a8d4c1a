//! The credentials of the caller's tenant: of all service accounts, or of one.

use contract::identity::v1::{AddClientCredentialRequest, CreateServiceAccountRequest, ListClientCredentialsRequest};

use crate::oauth::credential;
use crate::world::{World, start};

async fn list(world: &World, account: &str, page_size: u32) -> Vec<String> {
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListClientCredentialsRequest { service_account_id: account.to_owned(), page_size, page_token };
        let page = world.client_credentials("acme").list_client_credentials(request).await.unwrap().into_inner();
        seen.extend(page.client_credentials.into_iter().map(|credential| credential.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_of_the_callers_tenant_and_of_the_account_that_is_named() {
    let world = start().await;
    world.found("other").await;
    let ci = CreateServiceAccountRequest {
        service_account_id: "ci".into(),
        display_name: "CI".into(),
        ..Default::default()
    };
    world.service_accounts("acme").create_service_account(ci).await.unwrap();
    let (mut all, mut of_ci) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        world.client_secret("other", &[]).await;
        all.push(world.client_secret("acme", &[]).await.client_credential.unwrap().id);
        let request = AddClientCredentialRequest { service_account_id: "ci".into(), ..credential(&[]) };
        let made = world.client_credentials("acme").add_client_credential(request).await.unwrap().into_inner();
        of_ci.push(made.client_credential.unwrap().id);
    }
    all.extend(of_ci.clone());
    all.sort();
    of_ci.sort();
    for page_size in [1, 2, 0] {
        assert_eq!(list(&world, "", page_size).await, all);
        assert_eq!(list(&world, "ci", page_size).await, of_ci);
    }
    assert!(list(&world, "nobody", 0).await.is_empty());
}
