//! Administration through the gateway: by those who may, of their own tenant, and never of more than they hold.

use contract::common::v1::{Subject, SubjectKind};
use contract::identity::v1::{
    BootstrapRequest, CreateApiKeyRequest, CreateTenantRequest, CreateUserRequest, ListUsersRequest,
};
use e2e::shared;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn the_bootstrap_secret_works_once() {
    let world = shared().await;
    let gateway = world.gateway();
    let secret = std::fs::read_to_string(world.files().bootstrap_secret()).unwrap();
    let message = BootstrapRequest {
        secret: secret.trim().to_owned(),
        tenant_id: "intruders".to_owned(),
        display_name: "Intruders".to_owned(),
        administrator_id: "root".to_owned(),
    };
    let refused = gateway.tenants().bootstrap(gateway.request(message, None).unwrap()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_administers_nothing() {
    let world = shared().await;
    let gateway = world.gateway();
    let request = gateway.request(ListUsersRequest::default(), Some(&world.key("alice"))).unwrap();
    assert_eq!(gateway.users().list_users(request).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_makes_no_tenants() {
    let world = shared().await;
    let gateway = world.gateway();
    let message = CreateTenantRequest {
        tenant_id: "more".to_owned(),
        display_name: "More".to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: String::new(),
    };
    let request = gateway.request(message, Some(&world.key("admin"))).unwrap();
    assert_eq!(gateway.tenants().create_tenant(request).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installations_administrator_does_not_see_into_a_tenant() {
    let world = shared().await;
    let gateway = world.gateway();
    let request = gateway.request(ListUsersRequest::default(), Some(&world.key("root"))).unwrap();
    let users = gateway.users().list_users(request).await.unwrap().into_inner().users;
    assert!(users.is_empty(), "{users:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_another_tenant_is_refused() {
    let world = shared().await;
    let gateway = world.gateway();
    let mut request = gateway.request(ListUsersRequest::default(), Some(&world.key("admin"))).unwrap();
    request.metadata_mut().insert("bailiwick-tenant", "operators".parse().unwrap());
    assert_eq!(gateway.users().list_users(request).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_key_more_than_their_own_has() {
    let world = shared().await;
    let gateway = world.gateway();
    let message = CreateApiKeyRequest {
        owner: Some(Subject { kind: SubjectKind::ServiceAccount.into(), id: "admin".to_owned() }),
        display_name: "more".to_owned(),
        scopes: vec!["system.write".to_owned()],
        ..CreateApiKeyRequest::default()
    };
    let request = gateway.request(message, Some(&world.key("admin"))).unwrap();
    let refused = gateway.api_keys().create_api_key(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_is_named_through_the_gateway_too() {
    let world = shared().await;
    let gateway = world.gateway();
    let message = CreateUserRequest {
        user_id: "Not An Id".to_owned(),
        display_name: "x".to_owned(),
        idempotency_key: String::new(),
    };
    let request = gateway.request(message, Some(&world.key("admin"))).unwrap();
    let refused = gateway.users().create_user(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("user_id"), "{refused:?}");
}
