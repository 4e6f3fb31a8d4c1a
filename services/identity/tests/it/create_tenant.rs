//! A tenant comes with its first administrator and that one's key.

use chassis::Reason;
use contract::identity::v1::{CreateTenantRequest, CreateTenantResponse};

use crate::world::{World, reason, reason_and, service_account, start};

fn request() -> CreateTenantRequest {
    CreateTenantRequest {
        tenant_id: "umbrella".to_owned(),
        display_name: "Umbrella".to_owned(),
        administrator_id: "root".to_owned(),
        idempotency_key: "k1".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tenants_administrator_has_a_key_of_all_scopes_but_the_systems() {
    let world = start().await;
    let made = world.tenants().create_tenant(request()).await.unwrap().into_inner();

    let key = made.api_key.unwrap();
    assert_eq!(key.owner, service_account("root"));
    assert!(key.scopes.iter().any(|scope| scope == "identity.write"));
    assert!(!key.scopes.iter().any(|scope| scope.starts_with("system")), "{:?}", key.scopes);
    let whose = world.authenticate(&made.api_key_secret).await.unwrap();
    assert_eq!((whose.tenant_id.as_str(), whose.subject), ("umbrella", service_account("root")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_answers_the_same_without_the_secret() {
    let world = start().await;
    let first = world.tenants().create_tenant(request()).await.unwrap().into_inner();
    let again = world.tenants().create_tenant(request()).await.unwrap().into_inner();
    assert_eq!(again, CreateTenantResponse { api_key_secret: String::new(), ..first });

    let other = CreateTenantRequest { tenant_id: "other".to_owned(), ..request() };
    assert_eq!(reason(world.tenants().create_tenant(other).await), Reason::IdempotencyKeyReused);
    assert_eq!(world.count("tenant").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_same_calls_at_once_one_has_the_secret_and_both_the_tenant() {
    let world = start().await;
    let call = async |world: &World| world.tenants().create_tenant(request()).await.unwrap().into_inner();
    let (one, two) = tokio::join!(call(&world), call(&world));
    assert_eq!(one.tenant, two.tenant);
    assert_eq!(one.api_key, two.api_key);
    assert_ne!(one.api_key_secret.is_empty(), two.api_key_secret.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_id_is_taken_for_ever() {
    let world = start().await;
    let taken = CreateTenantRequest { tenant_id: "acme".to_owned(), ..request() };
    let refused = world.tenants().create_tenant(taken).await;
    assert_eq!(reason_and(refused, "type"), (Reason::ResourceExists, "tenant".to_owned()));
    // What failed left its idempotency key free.
    world.tenants().create_tenant(request()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named() {
    let world = start().await;
    for (field, bad) in [
        ("idempotency_key", CreateTenantRequest { idempotency_key: String::new(), ..request() }),
        ("idempotency_key", CreateTenantRequest { idempotency_key: "k".repeat(65), ..request() }),
        ("tenant_id", CreateTenantRequest { tenant_id: "system".to_owned(), ..request() }),
        ("tenant_id", CreateTenantRequest { tenant_id: "a".repeat(33), ..request() }),
        ("administrator_id", CreateTenantRequest { administrator_id: "a".repeat(64), ..request() }),
        ("display_name", CreateTenantRequest { display_name: "\u{7}".to_owned(), ..request() }),
    ] {
        let refused = world.tenants().create_tenant(bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    let long = CreateTenantRequest { display_name: "a".repeat(201), ..request() };
    let refused = world.tenants().create_tenant(long).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "display_name_characters_max".to_owned()));
    assert_eq!(world.count("tenant").await, 1);
}
