//! A user is made once, in the caller's tenant.

use chassis::Reason;
use contract::identity::v1::{CreateUserRequest, GetUserRequest};

use crate::world::{World, reason, reason_and, start};

fn request() -> CreateUserRequest {
    CreateUserRequest {
        user_id: "somebody".to_owned(),
        display_name: "Some Body".to_owned(),
        idempotency_key: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_reads_back_as_it_was_answered() {
    let world = start().await;
    let made = world.users("acme").create_user(request()).await.unwrap().into_inner();
    let get = GetUserRequest { user_id: "somebody".to_owned() };
    assert_eq!(world.users("acme").get_user(get).await.unwrap().into_inner().user, made.user);
    assert!(made.user.unwrap().created_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_made_if_none_is_chosen() {
    let world = start().await;
    let made = async || {
        let request = CreateUserRequest { user_id: String::new(), ..request() };
        world.users("acme").create_user(request).await.unwrap().into_inner().user.unwrap().id
    };
    let (one, two) = (made().await, made().await);
    assert_ne!(one, two);
    let get = GetUserRequest { user_id: one };
    world.users("acme").get_user(get).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_in_its_tenant_and_free_in_another() {
    let world = start().await;
    world.found("other").await;
    world.users("acme").create_user(request()).await.unwrap();
    let refused = world.users("acme").create_user(request()).await;
    assert_eq!(reason_and(refused, "type"), (Reason::ResourceExists, "user".to_owned()));
    world.users("other").create_user(request()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_answers_the_same() {
    let world = start().await;
    let request = CreateUserRequest { user_id: String::new(), idempotency_key: "k-1_A".to_owned(), ..request() };
    let first = world.users("acme").create_user(request.clone()).await.unwrap().into_inner();
    world.service.clock().advance(time::Duration::seconds(59));
    let again = world.users("acme").create_user(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);

    let other = CreateUserRequest { display_name: "Other".to_owned(), ..request };
    assert_eq!(reason(world.users("acme").create_user(other).await), Reason::IdempotencyKeyReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_forgotten_after_a_day() {
    let world = start().await;
    let request = CreateUserRequest { user_id: String::new(), idempotency_key: "k".to_owned(), ..request() };
    let first = world.users("acme").create_user(request.clone()).await.unwrap().into_inner();
    world.service.clock().advance(time::Duration::hours(24));
    let later = world.users("acme").create_user(request).await.unwrap().into_inner();
    assert_ne!(first, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_calls_at_once_all_answer_the_same() {
    let world = start().await;
    let call = async |world: &World| {
        let request = CreateUserRequest { user_id: String::new(), idempotency_key: "k".to_owned(), ..request() };
        world.users("acme").create_user(request).await.unwrap().into_inner()
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
        ("user_id", CreateUserRequest { user_id: "Somebody".to_owned(), ..request() }),
        ("user_id", CreateUserRequest { user_id: "-a".to_owned(), ..request() }),
        ("user_id", CreateUserRequest { user_id: "a".repeat(64), ..request() }),
        ("display_name", CreateUserRequest { display_name: " ".to_owned(), ..request() }),
        ("display_name", CreateUserRequest { display_name: "a\0".to_owned(), ..request() }),
        ("idempotency_key", CreateUserRequest { idempotency_key: "a b".to_owned(), ..request() }),
        ("idempotency_key", CreateUserRequest { idempotency_key: "a".repeat(65), ..request() }),
    ] {
        let refused = world.users("acme").create_user(bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    let long = CreateUserRequest { display_name: "a".repeat(201), ..request() };
    let refused = world.users("acme").create_user(long).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "display_name_characters_max".to_owned()));
    assert_eq!(world.count("subject").await, before);
}
