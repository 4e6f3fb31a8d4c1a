//! A tenant comes, works, and is deleted: through the gateway, and in every service.

use std::process::Command;
use std::time::{Duration, Instant};

use contract::gate::v1::{ApplyRoutesRequest, AssignHostRequest, Host};
use contract::identity::v1::{CreateTenantRequest, CreateUserRequest, EraseUserRequest};
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest, WriteSchemaRequest};
use e2e::{World, shared};
use serde_json::Value;
use testing::sample;
use tonic::Code;

/// The time in which every service has nothing more of a small tenant: the 15 seconds after which no call is under way, and some more.
const DELETED_WITHIN: Duration = Duration::from_secs(60);

/// What the command line answers whoever administers the installation.
async fn bailiwick(world: &World, arguments: &[&str]) -> Value {
    let mut command = Command::new(testing::cluster::built_binaries().join("bailiwick"));
    command.args(["--url", &format!("https://localhost:{}", world.port()), "--output", "json"]);
    command.arg("--ca").arg(world.files().authority()).env("BAILIWICK_API_KEY", world.key("root"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Makes a tenant with something in every service, and answers its administrator's key.
async fn found(world: &World, tenant: &str) -> String {
    let gateway = world.gateway();
    let request = CreateTenantRequest {
        tenant_id: tenant.to_owned(),
        display_name: "Leaving soon".to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: format!("found-{tenant}"),
    };
    let request = gateway.request(request, Some(&world.key("root"))).unwrap();
    let key = gateway.tenants().create_tenant(request).await.unwrap().into_inner().api_key_secret;
    let user =
        CreateUserRequest { user_id: "ann".to_owned(), display_name: "Ann Other".to_owned(), ..Default::default() };
    let create = async || gateway.users().create_user(gateway.request(user.clone(), Some(&key))?).await;
    gateway.settle("CreateUser", create).await.unwrap();
    let schema = WriteSchemaRequest {
        schema_text: "definition user {}\ndefinition document {\n    relation viewer: user\n}".to_owned(),
    };
    gateway.schemas().write_schema(gateway.request(schema, Some(&key)).unwrap()).await.unwrap();
    let update = |number: u32| RelationshipUpdate {
        operation: Operation::Touch.into(),
        relationship: Some(sample::parse_relationship(&format!("document:d{number}#viewer@user:ann")).unwrap()),
    };
    let write = WriteRelationshipsRequest { updates: (0..500).map(update).collect(), ..Default::default() };
    gateway.relationships().write_relationships(gateway.request(write, Some(&key)).unwrap()).await.unwrap();
    let host = Host { host: format!("{tenant}.localhost"), tenant_id: tenant.to_owned() };
    let assign = AssignHostRequest { host: Some(host) };
    gateway.hosts().assign_host(gateway.request(assign, Some(&world.key("root"))).unwrap()).await.unwrap();
    let apply = ApplyRoutesRequest { routes: Vec::new(), expected_version: None };
    gateway.routes().apply_routes(gateway.request(apply, Some(&key)).unwrap()).await.unwrap();
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenant_is_refused_at_once_and_gone_from_every_service() {
    let world = shared().await;
    let key = found(&world, "leavers").await;
    let gateway = world.gateway();
    let list = async || gateway.users().list_users(gateway.request(Default::default(), Some(&key))?).await;
    list().await.unwrap();

    let asked = bailiwick(&world, &["tenant", "delete", "leavers", "--confirm", "leavers"]).await;
    assert!(asked["tenant"]["deletion"]["asked_at"].is_string(), "{asked}");
    let began = Instant::now();
    while list().await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(5), "its key works still");
    }
    assert_eq!(list().await.unwrap_err().code(), Code::Unauthenticated);

    let deletion = loop {
        let told = bailiwick(&world, &["tenant", "get", "leavers"]).await;
        let deletion = told["tenant"]["deletion"].clone();
        if deletion["done_at"].is_string() {
            break deletion;
        }
        assert!(began.elapsed() < DELETED_WITHIN, "{deletion}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let rows = |service: &str, kind: &str| deletion["services"][service]["rows"][kind].as_u64();
    assert_eq!(rows("permissions", "relationship"), Some(500), "{deletion}");
    assert_eq!(rows("permissions", "schema"), Some(1), "{deletion}");
    assert_eq!(rows("gate", "host"), Some(1), "{deletion}");
    assert_eq!((rows("identity", "subject"), rows("identity", "api_key")), (Some(2), Some(1)), "{deletion}");
    // The sample's own is as it was.
    assert_eq!(world.get(http::Version::HTTP_2, "/v1/documents/roadmap", Some(&world.key("alice"))).await.status, 200);
    let again = CreateTenantRequest {
        tenant_id: "leavers".to_owned(),
        idempotency_key: "again".to_owned(),
        display_name: "x".to_owned(),
        administrator_id: "admin".to_owned(),
    };
    let again = gateway.tenants().create_tenant(gateway.request(again, Some(&world.key("root"))).unwrap()).await;
    assert_eq!(again.unwrap_err().code(), Code::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_is_an_id_and_cannot_get_in() {
    let world = shared().await;
    let gateway = world.gateway();
    let user =
        CreateUserRequest { user_id: "erased".to_owned(), display_name: "Soon Gone".to_owned(), ..Default::default() };
    gateway.users().create_user(gateway.request(user, Some(&world.key("admin"))).unwrap()).await.unwrap();
    let (_, key) = world
        .new_key(
            "erased",
            contract::identity::v1::CreateApiKeyRequest {
                scopes: vec!["documents.read".to_owned()],
                ..Default::default()
            },
        )
        .await;
    let read = async || world.get(http::Version::HTTP_2, "/v1/documents/roadmap", Some(&key)).await.status;
    assert_eq!(read().await, 403, "nobody, but known");
    let erase = EraseUserRequest { user_id: "erased".to_owned() };
    let erased = gateway.users().erase_user(gateway.request(erase, Some(&world.key("admin"))).unwrap()).await;
    let erased = erased.unwrap().into_inner().user.unwrap();
    assert!(erased.display_name.is_empty() && erased.erased_at.is_some(), "{erased:?}");
    let began = Instant::now();
    while read().await != 401 {
        assert!(began.elapsed() < Duration::from_secs(5), "the key works still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
