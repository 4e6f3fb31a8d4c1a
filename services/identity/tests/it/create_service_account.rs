//! A service account is made once, in the caller's tenant.

use chassis::Reason;
use contract::identity::v1::{CreateServiceAccountRequest, GetServiceAccountRequest};

use crate::world::{World, reason, reason_and, start};

fn request() -> CreateServiceAccountRequest {
    CreateServiceAccountRequest {
        service_account_id: "somebody".to_owned(),
        display_name: "Some Body".to_owned(),
        idempotency_key: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_service_account_reads_back_as_it_was_answered() {
    let world = start().await;
    let made = world.service_accounts("acme").create_service_account(request()).await.unwrap().into_inner();
    let get = GetServiceAccountRequest { service_account_id: "somebody".to_owned() };
    assert_eq!(
        world.service_accounts("acme").get_service_account(get).await.unwrap().into_inner().service_account,
        made.service_account
    );
    assert!(made.service_account.unwrap().created_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_made_if_none_is_chosen() {
    let world = start().await;
    let made = async || {
        let request = CreateServiceAccountRequest { service_account_id: String::new(), ..request() };
        world
            .service_accounts("acme")
            .create_service_account(request)
            .await
            .unwrap()
            .into_inner()
            .service_account
            .unwrap()
            .id
    };
    let (one, two) = (made().await, made().await);
    assert_ne!(one, two);
    let get = GetServiceAccountRequest { service_account_id: one };
    world.service_accounts("acme").get_service_account(get).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_in_its_tenant_and_free_in_another() {
    let world = start().await;
    world.found("other").await;
    world.service_accounts("acme").create_service_account(request()).await.unwrap();
    let refused = world.service_accounts("acme").create_service_account(request()).await;
    assert_eq!(reason_and(refused, "type"), (Reason::ResourceExists, "service_account".to_owned()));
    world.service_accounts("other").create_service_account(request()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_answers_the_same() {
    let world = start().await;
    let request = CreateServiceAccountRequest {
        service_account_id: String::new(),
        idempotency_key: "k-1_A".to_owned(),
        ..request()
    };
    let first = world.service_accounts("acme").create_service_account(request.clone()).await.unwrap().into_inner();
    world.service.clock().advance(time::Duration::seconds(59));
    let again = world.service_accounts("acme").create_service_account(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);

    let other = CreateServiceAccountRequest { display_name: "Other".to_owned(), ..request };
    assert_eq!(
        reason(world.service_accounts("acme").create_service_account(other).await),
        Reason::IdempotencyKeyReused
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_forgotten_after_a_day() {
    let world = start().await;
    let request =
        CreateServiceAccountRequest { service_account_id: String::new(), idempotency_key: "k".to_owned(), ..request() };
    let first = world.service_accounts("acme").create_service_account(request.clone()).await.unwrap().into_inner();
    world.service.clock().advance(time::Duration::hours(24));
    let later = world.service_accounts("acme").create_service_account(request).await.unwrap().into_inner();
    assert_ne!(first, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_calls_at_once_all_answer_the_same() {
    let world = start().await;
    let call = async |world: &World| {
        let request = CreateServiceAccountRequest {
            service_account_id: String::new(),
            idempotency_key: "k".to_owned(),
            ..request()
        };
        world.service_accounts("acme").create_service_account(request).await.unwrap().into_inner()
    };
    let before = world.count("subject").await;
    let answers = futures::future::join_all((0..20).map(|_| call(&world))).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(world.count("subject").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named_and_nothing_is_made() {
    let world = start().await;
    let before = world.count("subject").await;
    for (field, bad) in [
        ("service_account_id", CreateServiceAccountRequest { service_account_id: "Somebody".to_owned(), ..request() }),
        ("service_account_id", CreateServiceAccountRequest { service_account_id: "-a".to_owned(), ..request() }),
        ("service_account_id", CreateServiceAccountRequest { service_account_id: "a".repeat(64), ..request() }),
        ("display_name", CreateServiceAccountRequest { display_name: " ".to_owned(), ..request() }),
        ("display_name", CreateServiceAccountRequest { display_name: "a\0".to_owned(), ..request() }),
        ("idempotency_key", CreateServiceAccountRequest { idempotency_key: "a b".to_owned(), ..request() }),
        ("idempotency_key", CreateServiceAccountRequest { idempotency_key: "a".repeat(65), ..request() }),
    ] {
        let refused = world.service_accounts("acme").create_service_account(bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    let long = CreateServiceAccountRequest { display_name: "a".repeat(201), ..request() };
    let refused = world.service_accounts("acme").create_service_account(long).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "display_name_characters_max".to_owned()));
    assert_eq!(world.count("subject").await, before);
}
