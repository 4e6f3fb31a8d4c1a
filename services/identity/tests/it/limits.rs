//! The limits that every service has from the chassis: of messages, headers and connections. What is over one is refused or waits, and
//! the service goes on.

use std::time::Duration;

use contract::identity::v1::user_service_client::UserServiceClient;
use contract::identity::v1::{CreateUserRequest, ListUsersRequest};
use identity::Identity;
use testing::harness::Harness;
use tonic::Code;

use crate::world::{TENANT_SCOPES, section, start};

/// A call that shows no credential: refused by the layers, which only a call that got through to them is.
async fn is_served(service: &Harness, within: Duration) -> bool {
    let mut client = UserServiceClient::new(service.channel());
    let call = tokio::time::timeout(within, client.list_users(ListUsersRequest::default())).await;
    call.is_ok_and(|answer| answer.unwrap_err().code() == Code::PermissionDenied)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_is_refused_and_changes_nothing() {
    let world = start().await;
    let request = CreateUserRequest {
        user_id: "huge".to_owned(),
        display_name: "x".repeat(5 * 1024 * 1024),
        idempotency_key: String::new(),
    };
    let refused = world.users("acme").create_user(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    assert!(refused.message().contains("limit"), "{refused:?}");
    let users = world.users("acme").list_users(ListUsersRequest::default()).await.unwrap().into_inner().users;
    assert!(users.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_over_the_limit_are_refused_and_the_service_goes_on() {
    let world = start().await;
    let mut request = tonic::Request::new(ListUsersRequest::default());
    request.metadata_mut().insert("x-padding", "x".repeat(100 * 1024).parse().unwrap());
    let refused = UserServiceClient::new(world.service.channel()).list_users(request).await;
    assert_ne!(refused.unwrap_err().code(), Code::PermissionDenied, "the layers must not see such a call");
    assert!(is_served(&world.service, Duration::from_secs(5)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_waits_until_another_ends() {
    let service = testing::harness::start_with::<Identity>(section, |config| config.server.connections_max = 1).await;
    let credentials = service.as_subject("acme", "service_account:admin", &TENANT_SCOPES);
    let mut first = UserServiceClient::with_interceptor(service.channel(), credentials);
    first.list_users(ListUsersRequest::default()).await.unwrap();
    assert!(!is_served(&service, Duration::from_millis(500)).await, "a second connection was served beside the first");
    drop(first);
    assert!(is_served(&service, Duration::from_secs(5)).await);
}
