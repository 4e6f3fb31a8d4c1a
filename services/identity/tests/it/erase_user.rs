//! A user is erased: nothing is known of the person any more, nothing of theirs works, and the id stays.

use chassis::Reason;
use contract::identity::v1::{
    CreateApiKeyRequest, CreateUserRequest, EraseUserRequest, GetUserRequest, ListUsersRequest, User,
};

use crate::secrets::{everything, hexadecimal};
use crate::world::{World, key_request, reason, start, user};

const NAME: &str = "Alice Pleasance Liddell";

async fn create(world: &World, key: &str) -> User {
    let request = CreateUserRequest {
        user_id: "alice".to_owned(),
        display_name: NAME.to_owned(),
        idempotency_key: key.to_owned(),
    };
    world.users("acme").create_user(request).await.unwrap().into_inner().user.unwrap()
}

async fn erase(world: &World, id: &str) -> Result<User, tonic::Status> {
    let answer = world.users("acme").erase_user(EraseUserRequest { user_id: id.to_owned() }).await?;
    Ok(answer.into_inner().user.unwrap())
}

async fn get(world: &World) -> User {
    let request = GetUserRequest { user_id: "alice".to_owned() };
    world.users("acme").get_user(request).await.unwrap().into_inner().user.unwrap()
}

async fn is_somewhere(world: &World, text: &str) -> bool {
    let everything = everything(world.service.pool()).await;
    everything.contains(text) || everything.contains(&hexadecimal(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_lies_sealed_and_is_read_by_whoever_may() {
    let world = start().await;
    let made = create(&world, "once").await;
    assert_eq!((made.display_name.as_str(), get(&world).await.display_name.as_str()), (NAME, NAME));
    let listed = world.users("acme").list_users(ListUsersRequest::default()).await.unwrap().into_inner().users;
    assert_eq!(listed, std::slice::from_ref(&made));
    // Not even in what is remembered of the call.
    assert!(!is_somewhere(&world, NAME).await);
    assert_eq!(create(&world, "once").await, made, "the same call again answers the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_is_an_id_whose_keys_have_ended() {
    let world = start().await;
    create(&world, "once").await;
    let named = CreateApiKeyRequest { display_name: "Alice's laptop".to_owned(), ..key_request(user("alice"), &[]) };
    let key = world.api_keys("acme").create_api_key(named).await.unwrap().into_inner();
    world.authenticate(&key.secret).await.unwrap();
    let erased = erase(&world, "alice").await.unwrap();
    assert!(erased.display_name.is_empty() && erased.erased_at.is_some(), "{erased:?}");
    assert_eq!(get(&world).await, erased);
    assert_eq!(reason(world.authenticate(&key.secret).await), Reason::CredentialInvalid);
    assert!(world.service.running().foundation.learnt.revoked.contains(&key.api_key.unwrap().id), "the feed tells it");
    for personal in [NAME, "Alice's laptop"] {
        assert!(!is_somewhere(&world, personal).await, "{personal}");
    }
    assert_eq!(create(&world, "once").await.display_name, "", "nor is it remembered of the first call");
    assert_eq!(erase(&world, "alice").await.unwrap(), erased, "again it changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_users_id_is_given_to_nobody_and_gets_no_keys() {
    let world = start().await;
    create(&world, "").await;
    erase(&world, "alice").await.unwrap();
    let request =
        CreateUserRequest { user_id: "alice".to_owned(), display_name: "Another".to_owned(), ..Default::default() };
    assert_eq!(reason(world.users("acme").create_user(request).await), Reason::ResourceExists);
    let request = key_request(user("alice"), &[]);
    assert_eq!(reason(world.api_keys("acme").create_api_key(request).await), Reason::ResourceNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_keys_than_one_transaction_ends_all_end() {
    let world = start().await;
    create(&world, "").await;
    sqlx::query(
        "INSERT INTO api_key (id, tenant, owner_kind, owner_id, display_name, scopes, secret_hash, created_at)
         SELECT lpad(n::text, 16, '0'), 'acme', 'user', 'alice', 'bulk', '{}', decode(repeat('00', 32), 'hex'), now()
         FROM generate_series(1, 1100) AS n",
    )
    .execute(world.service.pool())
    .await
    .unwrap();
    erase(&world, "alice").await.unwrap();
    assert_eq!(world.count("api_key WHERE owner_id = 'alice' AND (revoked_at IS NULL OR display_name <> '')").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_unknown_users_are_not_erased() {
    let world = start().await;
    world.found("globex").await;
    create(&world, "").await;
    assert_eq!(reason(erase(&world, "bob").await), Reason::ResourceNotFound);
    assert_eq!(reason(erase(&world, "Bob").await), Reason::FieldInvalid);
    let request = EraseUserRequest { user_id: "alice".to_owned() };
    assert_eq!(reason(world.users("globex").erase_user(request).await), Reason::ResourceNotFound);
    assert_eq!(get(&world).await.display_name, NAME);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_an_earlier_release_left_in_clear_are_sealed_by_themselves() {
    let world = start().await;
    create(&world, "").await;
    for statement in [
        "UPDATE subject SET display_name = 'Alice in clear', display_name_sealed = NULL WHERE kind = 'user'",
        "UPDATE tenant SET data_key = NULL, data_key_seal_id = NULL",
    ] {
        sqlx::query(statement).execute(world.service.pool()).await.unwrap();
    }
    let began = std::time::Instant::now();
    while is_somewhere(&world, "Alice in clear").await {
        assert!(began.elapsed() < std::time::Duration::from_secs(15), "the name lies in clear still");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(get(&world).await.display_name, "Alice in clear");
}
