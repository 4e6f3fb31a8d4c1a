//! An API key is made for a subject of the caller's tenant, with no more of the plane's scopes than the caller has.

use chassis::Reason;
use contract::identity::v1::{CreateApiKeyRequest, CreateApiKeyResponse, CreateUserRequest, ListApiKeysRequest};

use crate::world::{TENANT_SCOPES, World, key_request, reason, reason_and, service_account, start, user};

fn request(scopes: &[&str]) -> CreateApiKeyRequest {
    key_request(service_account("admin"), scopes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_works_and_is_listed_without_its_secret() {
    let world = start().await;
    let made = world.api_keys("acme").create_api_key(request(&["identity.read"])).await.unwrap().into_inner();

    let key = made.api_key.unwrap();
    assert!(made.secret.starts_with(&format!("bwk_{}_", key.id)) && made.secret.len() == 70);
    let whose = world.authenticate(&made.secret).await.unwrap();
    assert_eq!(whose.scopes, ["identity.read"]);
    let list = world.api_keys("acme").list_api_keys(ListApiKeysRequest::default()).await.unwrap().into_inner();
    assert!(list.api_keys.contains(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_a_key_too() {
    let world = start().await;
    let alice = CreateUserRequest { user_id: "alice".into(), display_name: "Alice".into(), ..Default::default() };
    world.users("acme").create_user(alice).await.unwrap();
    let made = world.api_keys("acme").create_api_key(key_request(user("alice"), &[])).await.unwrap().into_inner();
    let whose = world.authenticate(&made.secret).await.unwrap();
    assert_eq!((whose.subject, whose.scopes.len()), (user("alice"), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_scope_of_the_plane_that_they_lack() {
    let world = start().await;
    for scope in ["system.write", "system.read", "gate.write", "identity.to_come", "audit.read"] {
        let refused = world.api_keys("acme").create_api_key(request(&["identity.read", scope])).await;
        assert_eq!(reason_and(refused, "scope"), (Reason::ScopeNotHeld, scope.to_owned()));
    }
    assert_eq!(world.count("api_key").await, 1, "the one of the bootstrap");
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_of_the_users_own_upstreams_are_given_freely() {
    let world = start().await;
    let made = world.key("acme", &["documents.read", "identity.write"]).await;
    assert_eq!(made.api_key.unwrap().scopes, ["documents.read", "identity.write"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_scope_of_the_system_may_give_it() {
    let world = start().await;
    let scopes = ["identity.write", "system.read"];
    let caller = world.service.as_subject("acme", "service_account:admin", &scopes);
    world.api_keys_as(caller).create_api_key(request(&["system.read"])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_subject_looks_like_an_unknown_one() {
    let world = start().await;
    world.found("other").await;
    let request = CreateUserRequest { user_id: "eve".into(), display_name: "Eve".into(), ..Default::default() };
    world.users("other").create_user(request).await.unwrap();
    let refused = async |id: &str| {
        let status = world.api_keys("acme").create_api_key(key_request(user(id), &[])).await.unwrap_err();
        assert_eq!(reason::<()>(Err(status.clone())), Reason::ResourceNotFound);
        (status.code(), status.message().to_owned())
    };
    assert_eq!(refused("eve").await, refused("nobody").await);
    // And a service account's id is no user's.
    assert_eq!(refused("admin").await, refused("nobody").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_answers_the_same_without_the_secret() {
    let world = start().await;
    let now = chassis::Clock::now(world.service.clock());
    let request = CreateApiKeyRequest {
        idempotency_key: "k".into(),
        expires_at: Some(chassis::timestamp::to_proto(now + time::Duration::seconds(30))),
        ..request(&["identity.read"])
    };
    let first = world.api_keys("acme").create_api_key(request.clone()).await.unwrap().into_inner();
    // Even when its expiry is over by then.
    world.service.clock().advance(time::Duration::minutes(1));
    let again = world.api_keys("acme").create_api_key(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, CreateApiKeyResponse { secret: String::new(), ..first });
    let other = CreateApiKeyRequest { scopes: Vec::new(), ..request };
    assert_eq!(reason(world.api_keys("acme").create_api_key(other).await), Reason::IdempotencyKeyReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_equal_calls_at_once_one_has_the_secret() {
    let world = start().await;
    let call = async |world: &World| {
        let request = CreateApiKeyRequest { idempotency_key: "k".into(), ..request(&[]) };
        world.api_keys("acme").create_api_key(request).await.unwrap().into_inner()
    };
    let answers = futures::future::join_all((0..12).map(|_| call(&world))).await;
    assert_eq!(answers.iter().filter(|answer| !answer.secret.is_empty()).count(), 1);
    assert!(answers.iter().all(|answer| answer.api_key == answers[0].api_key));
    assert_eq!(world.count("api_key").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_met_exactly_and_named_when_passed() {
    let world = start().await;
    let scopes: Vec<String> = (0..33).map(|number| format!("documents.s{number}")).collect();
    let with = |scopes: &[String], name: usize| CreateApiKeyRequest {
        scopes: scopes.to_vec(),
        display_name: "é".repeat(name),
        ..request(&[])
    };
    world.api_keys("acme").create_api_key(with(&scopes[1..], 200)).await.unwrap();
    let refused = world.api_keys("acme").create_api_key(with(&scopes, 200)).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "api_key_scopes_max".to_owned()));
    let refused = world.api_keys("acme").create_api_key(with(&[], 201)).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "display_name_characters_max".to_owned()));
    let longest = "a".repeat(64);
    world.api_keys("acme").create_api_key(request(&[&longest])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named_and_nothing_is_made() {
    let world = start().await;
    let now = chassis::Clock::now(world.service.clock());
    let at = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
    for (field, bad) in [
        ("owner", CreateApiKeyRequest { owner: None, ..request(&[]) }),
        ("owner.id", CreateApiKeyRequest { owner: user("A"), ..request(&[]) }),
        ("owner.kind", CreateApiKeyRequest { owner: Some(Default::default()), ..request(&[]) }),
        ("scopes[1]", request(&["documents.read", "Documents"])),
        ("scopes[0]", request(&[&"a".repeat(65)])),
        ("scopes[1]", request(&["documents.read", "documents.read"])),
        ("expires_at", CreateApiKeyRequest { expires_at: at(now.unix_timestamp(), 0), ..request(&[]) }),
        ("expires_at", CreateApiKeyRequest { expires_at: at(i64::MAX, 0), ..request(&[]) }),
        ("expires_at", CreateApiKeyRequest { expires_at: at(now.unix_timestamp() + 9, -1), ..request(&[]) }),
        ("expires_at", CreateApiKeyRequest { expires_at: at(now.unix_timestamp() + 9, i32::MAX), ..request(&[]) }),
        ("idempotency_key", CreateApiKeyRequest { idempotency_key: "a.b".into(), ..request(&[]) }),
        ("display_name", CreateApiKeyRequest { display_name: "\n".into(), ..request(&[]) }),
    ] {
        let refused = world.api_keys("acme").create_api_key(bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    assert_eq!(world.count("api_key").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_of_a_tenant_can_pass_on_all_that_it_was_given() {
    let world = start().await;
    let other = world.found("other").await;
    let scopes: Vec<&str> = other.api_key.as_ref().unwrap().scopes.iter().map(String::as_str).collect();
    assert!(TENANT_SCOPES.iter().all(|scope| scopes.contains(scope)));
    let caller = world.service.as_subject("other", "service_account:admin", &scopes);
    world.api_keys_as(caller).create_api_key(request(&scopes)).await.unwrap();
}
