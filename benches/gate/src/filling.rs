//! Makes the tenant, its callers, its relationships and its routes, all through the gateway.

use std::time::Instant;

use bench_engine::{Drive, SCHEMA};
use contract::common::v1::{Subject, SubjectKind};
use contract::gate::v1::route::Match;
use contract::gate::v1::{
    ApplyRoutesRequest, AssignHostRequest, CallerRequirement, Host, HttpMatch, PermissionRequirement, Route,
};
use contract::identity::v1::{BootstrapRequest, CreateApiKeyRequest, CreateTenantRequest, CreateUserRequest};
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    ObjectReference, Relationship, RelationshipUpdate, SubjectReference, WriteRelationshipsRequest, WriteSchemaRequest,
};
use graph::ObjectRef;
use testing::sample::{Gateway, write_relationships};
use tokio::task::{JoinError, JoinSet};
use tonic::Status;

use crate::cluster::{HOST, TENANT};
use crate::workload::Workload;

/// Relationships of one write.
const BATCH: usize = 1_000;

/// Writes under way at once.
const WRITERS: usize = 4;

/// The key of the tenant's administrator, and one for each caller.
pub(crate) async fn fill(
    gateway: &Gateway,
    bootstrap_secret: &str,
    workload: &Workload,
) -> Result<(String, Vec<String>), testing::Error> {
    let administrator = found(gateway, bootstrap_secret).await?;
    let mut keys = Vec::new();
    for user in &workload.users {
        keys.push(caller(gateway, &administrator, user).await?);
    }
    let request = WriteSchemaRequest { schema_text: SCHEMA.to_owned() };
    let call = async || gateway.schemas().write_schema(gateway.request(request.clone(), Some(&administrator))?).await;
    gateway.settle("WriteSchema", call).await?;
    write_all(gateway, &administrator, workload.drive).await?;
    apply(gateway, &administrator, routes()).await?;
    Ok((administrator, keys))
}

/// Makes the installation, the tenant and its host.
async fn found(gateway: &Gateway, bootstrap_secret: &str) -> Result<String, testing::Error> {
    let request = BootstrapRequest {
        secret: bootstrap_secret.to_owned(),
        tenant_id: "operators".to_owned(),
        display_name: "Operators".to_owned(),
        administrator_id: "root".to_owned(),
    };
    let call = async || gateway.tenants().bootstrap(gateway.request(request.clone(), None)?).await;
    let root = gateway.settle("Bootstrap", call).await?.api_key_secret;
    let request = CreateTenantRequest {
        tenant_id: TENANT.to_owned(),
        display_name: TENANT.to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: "bench".to_owned(),
    };
    let call = async || gateway.tenants().create_tenant(gateway.request(request.clone(), Some(&root))?).await;
    let administrator = gateway.settle("CreateTenant", call).await?.api_key_secret;
    let host = Host { host: HOST.to_owned(), tenant_id: TENANT.to_owned() };
    let request = AssignHostRequest { host: Some(host) };
    let call = async || gateway.hosts().assign_host(gateway.request(request.clone(), Some(&root))?).await;
    gateway.settle("AssignHost", call).await?;
    Ok(administrator)
}

async fn caller(gateway: &Gateway, administrator: &str, id: &str) -> Result<String, testing::Error> {
    let request = CreateUserRequest {
        user_id: id.to_owned(),
        display_name: id.to_owned(),
        idempotency_key: format!("bench-{id}"),
    };
    let call = async || gateway.users().create_user(gateway.request(request.clone(), Some(administrator))?).await;
    gateway.settle("CreateUser", call).await?;
    let request = CreateApiKeyRequest {
        owner: Some(Subject { kind: SubjectKind::User.into(), id: id.to_owned() }),
        display_name: "bench".to_owned(),
        scopes: Vec::new(),
        expires_at: None,
        idempotency_key: String::new(),
    };
    let call = async || gateway.api_keys().create_api_key(gateway.request(request.clone(), Some(administrator))?).await;
    Ok(gateway.settle("CreateApiKey", call).await?.secret)
}

async fn write_all(gateway: &Gateway, administrator: &str, drive: Drive) -> Result<(), testing::Error> {
    let (began, mut writers) = (Instant::now(), JoinSet::new());
    let mut batches = batches(drive);
    // The first may come before everyone knows of the schema.
    if let Some(first) = batches.pop() {
        write_relationships(gateway, administrator, first).await?;
    }
    let count = batches.len() + 1;
    for updates in batches {
        if writers.len() >= WRITERS {
            settled(writers.join_next().await)?;
        }
        let request = WriteRelationshipsRequest { updates, ..Default::default() };
        let request = gateway.request(request, Some(administrator)).map_err(|status| failed(&status))?;
        let mut relationships = gateway.relationships();
        writers.spawn(async move { relationships.write_relationships(request).await.map(drop) });
    }
    while let Some(done) = writers.join_next().await {
        settled(Some(done))?;
    }
    println!("loaded {count} times {BATCH} relationships in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn batches(drive: Drive) -> Vec<Vec<RelationshipUpdate>> {
    let updates: Vec<RelationshipUpdate> = drive.relationships().map(|one| touch(&one)).collect();
    updates.chunks(BATCH).map(<[_]>::to_vec).collect()
}

fn settled(done: Option<Result<Result<(), Status>, JoinError>>) -> Result<(), testing::Error> {
    match done {
        None => Ok(()),
        Some(Ok(written)) => written.map_err(|status| failed(&status)),
        Some(Err(error)) => Err(testing::Error::new(error.to_string())),
    }
}

fn failed(status: &Status) -> testing::Error {
    testing::Error::new(format!("WriteRelationships: {status}"))
}

fn touch(relationship: &graph::Relationship) -> RelationshipUpdate {
    let object = |object: &ObjectRef| ObjectReference {
        object_type: object.object_type().to_owned(),
        object_id: object.object_id().to_owned(),
    };
    let subject = relationship.subject();
    let relationship = Relationship {
        resource: Some(object(relationship.resource())),
        relation: relationship.relation().to_owned(),
        subject: Some(SubjectReference {
            object: Some(object(subject.object())),
            relation: subject.relation().unwrap_or_default().to_owned(),
        }),
    };
    RelationshipUpdate { operation: Operation::Touch.into(), relationship: Some(relationship) }
}

/// The routes that everything is measured by.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route { caller: CallerRequirement::None.into(), ..route("open", "/open") },
        route("caller", "/caller"),
        reading("read", "/v1/documents/{document:id}"),
    ]
}

/// A route that asks whether its caller may view the document of its path.
pub(crate) fn reading(name: &str, path_template: &str) -> Route {
    let needed = PermissionRequirement { resource: "document:{document}".to_owned(), permission: "view".to_owned() };
    Route { permissions: vec![needed], ..route(name, path_template) }
}

fn route(name: &str, path_template: &str) -> Route {
    Route {
        name: name.to_owned(),
        host: HOST.to_owned(),
        r#match: Some(Match::Http(HttpMatch { method: "GET".to_owned(), path_template: path_template.to_owned() })),
        caller: CallerRequirement::Required.into(),
        audience: "documents".to_owned(),
        ..Route::default()
    }
}

/// Puts these routes, and no others, in force.
pub(crate) async fn apply(gateway: &Gateway, administrator: &str, routes: Vec<Route>) -> Result<(), testing::Error> {
    let request = ApplyRoutesRequest { routes, expected_version: None };
    let call = async || gateway.routes().apply_routes(gateway.request(request.clone(), Some(administrator))?).await;
    gateway.settle("ApplyRoutes", call).await.map(drop)
}
