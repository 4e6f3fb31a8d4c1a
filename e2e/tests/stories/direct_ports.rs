//! The services' own ports take what the design says and nothing else; their databases too.

use contract::identity::v1::ListUsersRequest;
use contract::identity::v1::user_service_client::UserServiceClient;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckRequest, ObjectReference, Permissionship, SubjectReference};
use e2e::{World, shared};
use testing::sample::Gateway;
use tonic::Code;

async fn direct(world: &World, port: impl Fn(&testing::Ports) -> u16) -> Gateway {
    let port = port(&world.cluster.lock().await.config().ports);
    Gateway::new("localhost", port, &world.files().authority()).unwrap()
}

fn check() -> CheckRequest {
    let object = |object_type: &str, object_id: &str| ObjectReference {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
    };
    CheckRequest {
        consistency: None,
        resource: Some(object("document", "roadmap")),
        permission: "view".to_owned(),
        subject: Some(SubjectReference { object: Some(object("user", "alice")), relation: String::new() }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_asks_permissions_directly_and_a_key_does_not() {
    let world = shared().await;
    let permissions = direct(&world, |ports| ports.permissions).await;
    let token = world.gateway().exchange(&world.keys.file("admin")).await.unwrap();
    let request = permissions.request(check(), Some(&token)).unwrap();
    let answer = PermissionServiceClient::new(permissions.channel()).check(request).await.unwrap().into_inner();
    assert_eq!(answer.permissionship(), Permissionship::HasPermission);
    let request = permissions.request(check(), Some(&world.key("admin"))).unwrap();
    let refused = PermissionServiceClient::new(permissions.channel()).check(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("exchange"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_administers_nothing_at_a_direct_port() {
    let world = shared().await;
    let identity = direct(&world, |ports| ports.identity).await;
    let token = world.gateway().exchange(&world.keys.file("admin")).await.unwrap();
    let request = identity.request(ListUsersRequest::default(), Some(&token)).unwrap();
    let refused = UserServiceClient::new(identity.channel()).list_users(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_does_not_route_what_is_between_services() {
    let world = shared().await;
    let gateway = world.gateway();
    let mut client = contract::identity::v1::peer_service_client::PeerServiceClient::new(gateway.channel());
    let message = contract::identity::v1::AuthenticateApiKeyRequest { api_key: world.key("alice") };
    let request = gateway.request(message, Some(&world.key("root"))).unwrap();
    assert_eq!(client.authenticate_api_key(request).await.unwrap_err().code(), Code::PermissionDenied);
}
