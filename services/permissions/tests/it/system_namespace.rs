//! Bailiwick's own administration: decided by the engine, out of every other RPC's reach.

use chassis::Reason;
use contract::header;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::schema_service_client::SchemaServiceClient;
use contract::permissions::v1::{
    GrantRoleRequest, Permissionship, ReadRelationshipsRequest, ReadSchemaRequest, Role, WriteRelationshipsRequest,
    WriteSchemaRequest,
};
use tonic::Request;
use tonic::metadata::MetadataValue;

use crate::world::{SCHEMA, SCOPES, World, check_request, refused, update, user_with};

/// A message for a tenant that the calling peer names.
fn for_tenant<T>(message: T, tenant: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(header::TENANT, MetadataValue::try_from(tenant).unwrap());
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gate_may_ask_for_every_tenant_and_for_the_system() {
    let world = World::with_schema().await;
    world.found_tenant("acme", true).await;
    world.touch(&["document:plan#viewer@user:alice"]).await;
    let mut gate = PermissionServiceClient::new(world.harness.channel_as_peer("gate"));
    for (tenant, question, expected) in [
        ("acme", ("document:plan", "view", "user:alice"), true),
        ("acme", ("document:plan", "view", "user:bob"), false),
        ("system", ("tenant:acme", "manage_users", "service_account:acme/admin"), true),
        ("system", ("system:bailiwick", "manage_tenants", "service_account:acme/admin"), true),
        ("system", ("tenant:other", "manage_users", "service_account:acme/admin"), false),
        ("system", ("tenant:acme", "manage_users", "user:acme/alice"), false),
    ] {
        let asked = gate.check(for_tenant(check_request(question, crate::world::fully_consistent()), tenant)).await;
        let has = asked.unwrap().into_inner().permissionship() == Permissionship::HasPermission;
        assert_eq!(has, expected, "{tenant} {question:?}");
    }
    let unnamed = gate.check(check_request(("document:plan", "view", "user:alice"), None)).await;
    assert_eq!(refused(unnamed).0, Reason::TenantRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_caller_reaches_the_system_namespace_but_by_its_own_rpcs() {
    let world = World::start().await;
    world.found_tenant("acme", true).await;
    let system = || world.harness.as_subject("system", "service_account:admin", &SCOPES);
    let takeover = || update(Operation::Touch, "tenant:acme#administrator@user:acme/mallory");
    let write = || WriteRelationshipsRequest { updates: vec![takeover()], ..Default::default() };
    let schema = || WriteSchemaRequest { schema_text: SCHEMA.to_owned() };

    // As a caller of the reserved tenant, by assertion and by token; as an own tenant that names it; as each peer.
    for caller in [system(), world.harness.with_token("system", "service_account:admin", &SCOPES)] {
        assert_eq!(
            refused(world.relationships(caller).write_relationships(write()).await).0,
            Reason::CredentialInvalid
        );
    }
    assert_eq!(refused(world.schemas(system()).write_schema(schema()).await).0, Reason::CredentialInvalid);
    let naming = world.caller().naming_tenant("system");
    assert_eq!(
        refused(world.relationships(naming.clone()).write_relationships(write()).await).0,
        Reason::TenantMismatch
    );
    assert_eq!(refused(world.schemas(naming).write_schema(schema()).await).0, Reason::TenantMismatch);
    for peer in ["gate", "gateway", "identity", "permissions"] {
        let channel = world.harness.channel_as_peer(peer);
        let mut relationships = RelationshipServiceClient::new(channel.clone());
        let mut schemas = SchemaServiceClient::new(channel);
        assert!(relationships.write_relationships(for_tenant(write(), "system")).await.is_err(), "{peer}");
        let read = ReadRelationshipsRequest::default();
        assert!(relationships.read_relationships(for_tenant(read, "system")).await.is_err(), "{peer}");
        assert!(schemas.write_schema(for_tenant(schema(), "system")).await.is_err(), "{peer}");
        assert!(schemas.read_schema(for_tenant(ReadSchemaRequest {}, "system")).await.is_err(), "{peer}");
    }
    // Its own relationships of the same names are another matter: they are in acme's namespace, and mean nothing.
    world.write_schema("definition user {}\ndefinition tenant {\n relation administrator: user\n }").await.unwrap();
    world.write_all(vec![takeover()]).await.unwrap();
    let mallory = world.harness.with_token("acme", "user:mallory", &SCOPES);
    let asked = world.ask(mallory, ("tenant:acme", "administrator", "user:acme/mallory"), None).await;
    assert_eq!(refused(asked).0, Reason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_itself_refuses_a_schema_of_the_reserved_tenant() {
    let world = World::start().await;
    let inserted = sqlx::query("INSERT INTO schema_version (tenant, revision, text) VALUES ('system', 1, '')")
        .execute(world.harness.pool())
        .await;
    assert_eq!(chassis::database::broken_constraint(&inserted.unwrap_err()), Some("schema_version_tenant_check"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_what_the_subjects_role_allows_and_its_scope() {
    let world = World::with_schema().await;
    world.found_tenant("acme", false).await;
    for (role, id) in [(Role::Writer, "wes"), (Role::Checker, "cho"), (Role::Auditor, "ada")] {
        let request = GrantRoleRequest { assignment: user_with(role, id) };
        let token = world.roles(world.caller()).grant_role(request).await.unwrap().into_inner().written_at;
        // The authority decides by what is applied: this waits until the role is.
        let question = ("document:a", "view", "user:alice");
        world.ask(world.caller(), question, crate::world::at_least(&token)).await.unwrap();
    }
    let token = |id: &str| world.harness.with_token("acme", &format!("user:{id}"), &SCOPES);
    let may = |allowed: Result<(), tonic::Status>| allowed.map_err(|status| refused::<()>(Err(status)).0);
    for (id, asks, writes, reads) in [
        ("wes", true, true, true),
        ("cho", true, false, false),
        ("ada", false, false, true),
        ("nobody", false, false, false),
    ] {
        let expected = |allowed: bool| if allowed { Ok(()) } else { Err(Reason::PermissionMissing) };
        let asked = world.ask(token(id), ("document:a", "view", "user:alice"), None).await;
        assert_eq!(may(asked.map(drop)), expected(asks), "{id} asks");
        let request = WriteRelationshipsRequest::default();
        let written = world.relationships(token(id)).write_relationships(request).await;
        assert_eq!(may(written.map(drop)), expected(writes), "{id} writes");
        let read = world.schemas(token(id)).read_schema(ReadSchemaRequest {}).await;
        assert_eq!(may(read.map(drop)), expected(reads), "{id} reads");
        let schema = WriteSchemaRequest { schema_text: SCHEMA.to_owned() };
        let edge = world.schemas(token(id)).write_schema(schema).await;
        assert_eq!(may(edge.map(drop)), Err(Reason::GatewayRequired), "{id} administers");
    }
    let narrow = world.harness.with_token("acme", "user:wes", &["permissions.read"]);
    let asked = world.ask(narrow, ("document:a", "view", "user:alice"), None).await;
    assert_eq!(refused(asked).0, Reason::ScopeMissing);
    let elsewhere = world.harness.with_token("other", "user:wes", &SCOPES);
    let asked = world.ask(elsewhere, ("document:a", "view", "user:alice"), None).await;
    assert_eq!(refused(asked).0, Reason::PermissionMissing);
}
