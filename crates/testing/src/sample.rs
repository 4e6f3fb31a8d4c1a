//! The sample that `up` shows: a company with nested groups, folders and documents, loaded through the gateway as an
//! administrator would. The files lie in `deploy/local/sample/`.

mod gateway;

use std::fs;
use std::path::{Path, PathBuf};

use cli::{relationship_text, routes_file};
use contract::common::v1::{Subject, SubjectKind};
use contract::gate::v1::{ApplyRoutesRequest, AssignHostRequest, Host, Route};
use contract::identity::v1::{
    BootstrapRequest, CreateApiKeyRequest, CreateServiceAccountRequest, CreateTenantRequest, CreateUserRequest,
};
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{Relationship, RelationshipUpdate, WriteRelationshipsRequest, WriteSchemaRequest};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::certificates::DOCUMENTS_HOST;
use crate::error::{Error, Result};
use crate::{place, surroundings};

pub use gateway::Gateway;

/// The tenant of the sample.
pub const TENANT: &str = "acme";

/// The service account that administers the sample's tenant.
pub const ADMINISTRATOR: &str = "admin";

/// The tenant and the service account that administer the installation.
const OPERATORS: (&str, &str) = ("operators", "root");

/// The people of the sample, and the names that people know them by.
const USERS: [(&str, &str); 4] =
    [("alice", "Alice Archer"), ("bob", "Bob Baker"), ("carol", "Carol Cooper"), ("dave", "Dave Draper")];

/// The program of the sample. Its key can read documents, and nothing else.
const PROGRAM: &str = "ci";

const SCHEMA: &str = include_str!("../../../deploy/local/sample/schema.zed");
const RELATIONSHIPS: &str = include_str!("../../../deploy/local/sample/relationships.txt");
const ROUTES: &str = include_str!("../../../deploy/local/sample/routes.yaml");

/// The keys of a loaded sample, a file each.
#[derive(Clone, Debug)]
pub struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// The keys in this folder.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The file of the key of somebody of the sample: `admin`, `alice`, `bob`, `carol`, `dave`, `ci`; or `root`, who
    /// administers the installation.
    pub fn file(&self, owner: &str) -> PathBuf {
        self.folder.join(owner)
    }

    /// The key itself.
    ///
    /// # Errors
    /// If the sample is not loaded.
    pub fn read(&self, owner: &str) -> Result<String> {
        place::read_text(&self.file(owner))
    }

    fn keep(&self, owner: &str, secret: &str) -> Result<()> {
        if secret.is_empty() {
            return Err(Error::new(format!(
                "the key of {owner} was made before and is lost: `cargo xtask reset` starts anew"
            )));
        }
        place::write_private(&self.file(owner), secret.as_bytes())
    }
}

/// Loads the sample, unless this very sample is loaded; answers whether there was anything to do.
///
/// # Errors
/// The first call that fails.
pub async fn load(gateway: &Gateway, bootstrap_secret: &Path, keys: &Keys) -> Result<bool> {
    let marker = keys.folder.join(".loaded");
    let digest = Sha256::new().chain_update(SCHEMA).chain_update(RELATIONSHIPS).chain_update(ROUTES).finalize();
    let digest = surroundings::hexadecimal(&digest);
    if fs::read_to_string(&marker).is_ok_and(|loaded| loaded == digest) {
        return Ok(false);
    }
    place::create_private_folder(&keys.folder)?;
    found(gateway, bootstrap_secret, keys).await?;
    let administrator = keys.read(ADMINISTRATOR)?;
    for (user, display_name) in USERS {
        keep_user(gateway, &administrator, user, display_name).await?;
        let scopes = ["documents.read", "documents.write"];
        keep_key(gateway, &administrator, keys, (SubjectKind::User, user), &scopes).await?;
    }
    keep_program(gateway, &administrator).await?;
    keep_key(gateway, &administrator, keys, (SubjectKind::ServiceAccount, PROGRAM), &["documents.read"]).await?;
    fill(gateway, &administrator).await?;
    place::write_private(&marker, digest.as_bytes())?;
    Ok(true)
}

/// Makes the installation's administrator, the tenant and its administrator, and gives the tenant its host.
async fn found(gateway: &Gateway, bootstrap_secret: &Path, keys: &Keys) -> Result<()> {
    let (operators, root) = OPERATORS;
    if !keys.file(root).exists() {
        let request = BootstrapRequest {
            secret: place::read_text(bootstrap_secret)?,
            tenant_id: operators.to_owned(),
            display_name: "Operators".to_owned(),
            administrator_id: root.to_owned(),
        };
        let call = async || gateway.tenants().bootstrap(gateway.request(request.clone(), None)?).await;
        keys.keep(root, &gateway.settle("Bootstrap", call).await?.api_key_secret)?;
    }
    let root = keys.read(root)?;
    if !keys.file(ADMINISTRATOR).exists() {
        let request = CreateTenantRequest {
            tenant_id: TENANT.to_owned(),
            display_name: "Acme".to_owned(),
            administrator_id: ADMINISTRATOR.to_owned(),
            idempotency_key: format!("sample-{TENANT}"),
        };
        let call = async || gateway.tenants().create_tenant(gateway.request(request.clone(), Some(&root))?).await;
        keys.keep(ADMINISTRATOR, &gateway.settle("CreateTenant", call).await?.api_key_secret)?;
    }
    let host = Host { host: DOCUMENTS_HOST.to_owned(), tenant_id: TENANT.to_owned() };
    let request = AssignHostRequest { host: Some(host) };
    gateway
        .settle("AssignHost", async || {
            gateway.hosts().assign_host(gateway.request(request.clone(), Some(&root))?).await
        })
        .await?;
    Ok(())
}

async fn keep_user(gateway: &Gateway, administrator: &str, id: &str, display_name: &str) -> Result<()> {
    let request = CreateUserRequest {
        user_id: id.to_owned(),
        display_name: display_name.to_owned(),
        idempotency_key: format!("sample-{id}"),
    };
    let call = async || gateway.users().create_user(gateway.request(request.clone(), Some(administrator))?).await;
    exists_already(gateway.settle("CreateUser", call).await.map(drop))
}

async fn keep_program(gateway: &Gateway, administrator: &str) -> Result<()> {
    let request = CreateServiceAccountRequest {
        service_account_id: PROGRAM.to_owned(),
        display_name: "Continuous integration".to_owned(),
        idempotency_key: format!("sample-{PROGRAM}"),
    };
    let call = async || {
        gateway.service_accounts().create_service_account(gateway.request(request.clone(), Some(administrator))?).await
    };
    exists_already(gateway.settle("CreateServiceAccount", call).await.map(drop))
}

async fn keep_key(
    gateway: &Gateway,
    administrator: &str,
    keys: &Keys,
    (kind, id): (SubjectKind, &str),
    scopes: &[&str],
) -> Result<()> {
    if keys.file(id).exists() {
        return Ok(());
    }
    let request = CreateApiKeyRequest {
        owner: Some(Subject { kind: kind.into(), id: id.to_owned() }),
        display_name: "sample".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_at: None,
        // None: if the secret was lost on its way, there is a second key, which does no harm.
        idempotency_key: String::new(),
    };
    let call = async || gateway.api_keys().create_api_key(gateway.request(request.clone(), Some(administrator))?).await;
    keys.keep(id, &gateway.settle("CreateApiKey", call).await?.secret)
}

/// Writes the schema, the relationships and the routes.
async fn fill(gateway: &Gateway, administrator: &str) -> Result<()> {
    let request = WriteSchemaRequest { schema_text: SCHEMA.to_owned() };
    gateway
        .settle("WriteSchema", async || {
            gateway.schemas().write_schema(gateway.request(request.clone(), Some(administrator))?).await
        })
        .await?;
    let touch =
        |relationship| RelationshipUpdate { operation: Operation::Touch.into(), relationship: Some(relationship) };
    let updates = relationships()?.into_iter().map(touch).collect();
    write_relationships(gateway, administrator, updates).await?;
    let request = ApplyRoutesRequest { routes: routes()?, expected_version: None };
    gateway
        .settle("ApplyRoutes", async || {
            gateway.routes().apply_routes(gateway.request(request.clone(), Some(administrator))?).await
        })
        .await?;
    Ok(())
}

/// The sample's relationships, read as `bailiwick` reads them.
fn relationships() -> Result<Vec<Relationship>> {
    let placed = relationship_text::parse_lines(RELATIONSHIPS);
    let placed = placed.map_err(|error| Error::new(format!("the sample's relationships, {error}")))?;
    Ok(placed.into_iter().map(|placed| placed.relationship).collect())
}

/// The sample's routes, read as `bailiwick` reads them.
fn routes() -> Result<Vec<Route>> {
    let placed = routes_file::parse(ROUTES).map_err(|error| Error::new(format!("the sample's routes, {error}")))?;
    Ok(placed.into_iter().map(|placed| placed.route).collect())
}

/// A relationship as people write it: `document:roadmap#viewer@user:dave`.
///
/// # Errors
/// Which part is malformed.
pub fn parse_relationship(text: &str) -> Result<Relationship> {
    relationship_text::parse(text).map_err(|error| Error::new(format!("{text}: {error}")))
}

/// Changes relationships, and answers the token of the change.
///
/// # Errors
/// If the call fails.
pub async fn write_relationships(gateway: &Gateway, key: &str, updates: Vec<RelationshipUpdate>) -> Result<String> {
    let request = WriteRelationshipsRequest { updates, ..Default::default() };
    let call = async || gateway.relationships().write_relationships(gateway.request(request.clone(), Some(key))?).await;
    Ok(gateway.settle("WriteRelationships", call).await?.written_at)
}

fn exists_already(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(Error::Call { status, .. }) if status.code() == Code::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_files_can_be_read() {
        assert_eq!(relationships().unwrap().len(), 22);
        assert_eq!(routes().unwrap().len(), 6);
    }
}
