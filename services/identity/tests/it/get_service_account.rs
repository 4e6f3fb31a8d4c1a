//! One service account of the caller's own tenant, and of no other.

use chassis::Reason;
use contract::identity::v1::{CreateServiceAccountRequest, GetServiceAccountRequest};

use crate::world::{reason, reason_and, start};

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_service_account_looks_like_an_unknown_one() {
    let world = start().await;
    world.found("other").await;
    let request = CreateServiceAccountRequest {
        service_account_id: "secret-one".to_owned(),
        display_name: "Secret".to_owned(),
        idempotency_key: String::new(),
    };
    world.service_accounts("other").create_service_account(request).await.unwrap();

    let refused = async |id: &str| {
        let request = GetServiceAccountRequest { service_account_id: id.to_owned() };
        let status = world.service_accounts("acme").get_service_account(request).await.unwrap_err();
        assert_eq!(reason::<()>(Err(status.clone())), Reason::ResourceNotFound);
        (status.code(), status.message().to_owned())
    };
    assert_eq!(refused("secret-one").await, refused("no-such").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_id_is_named() {
    let world = start().await;
    for bad in ["", "A", "a/b"] {
        let refused = world
            .service_accounts("acme")
            .get_service_account(GetServiceAccountRequest { service_account_id: bad.to_owned() })
            .await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "service_account_id".to_owned()), "{bad:?}");
    }
}
