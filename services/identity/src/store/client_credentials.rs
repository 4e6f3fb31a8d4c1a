//! Credentials of OAuth 2 clients.

use chassis::api_key::ApiKeyId;
use chassis::{Subject, SubjectKind, TenantId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::broken;
use crate::domain::audience::Audiences;
use crate::domain::client_credential::ClientCredential;
use crate::domain::client_id::ClientId;
use crate::domain::client_key::ClientKey;
use crate::domain::display_name::DisplayName;
use crate::domain::pepper::SecretHash;
use crate::domain::scope::Scopes;
use crate::error::Error;

struct Row {
    id: String,
    tenant: String,
    account_id: String,
    display_name: String,
    scopes: Vec<String>,
    audiences: Vec<String>,
    secret_hash: Option<Vec<u8>>,
    pepper_id: Option<String>,
    jwk: Option<String>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ClientCredential {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            tenant: row.tenant.parse().map_err(broken)?,
            account: Subject::new(SubjectKind::ServiceAccount, &row.account_id).map_err(broken)?,
            display_name: DisplayName::known(row.display_name),
            scopes: Scopes::from_store(row.scopes),
            audiences: Audiences::from_store(row.audiences),
            key: row.jwk.as_deref().map(ClientKey::parse).transpose().map_err(broken)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// How many living credentials the account has; none if there is no such account. Until the end of the transaction nobody else
/// adds one to it, so that the count holds.
pub(crate) async fn count_living(
    connection: &mut PgConnection,
    client: &ClientId,
    now: OffsetDateTime,
) -> Result<Option<u64>, Error> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM subject WHERE tenant = $1 AND kind = 'service_account' AND id = $2 FOR NO KEY UPDATE",
        client.tenant.as_str(),
        client.account.id
    )
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_none() {
        return Ok(None);
    }
    let count = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM client_credential
         WHERE tenant = $1 AND account_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)",
        client.tenant.as_str(),
        client.account.id,
        now
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(count).ok())
}

/// Adds a credential to an existing service account. It has a key, or else this hash.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    credential: &ClientCredential,
    secret_hash: Option<&SecretHash>,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO client_credential
             (id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
              expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        credential.id.as_str(),
        credential.tenant.as_str(),
        credential.account.id,
        credential.display_name.as_str(),
        credential.scopes.as_slice(),
        credential.audiences.as_slice(),
        secret_hash.map(SecretHash::as_bytes),
        secret_hash.and_then(SecretHash::pepper),
        credential.key.as_ref().map(ClientKey::jwk),
        credential.created_at,
        credential.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The secret with this id, of any tenant, with its hash: for whoever shows it.
pub(crate) async fn find_secret(pool: &PgPool, id: &ApiKeyId) -> Result<Option<(ClientCredential, SecretHash)>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
                expires_at, revoked_at
         FROM client_credential AS credential WHERE id = $1 AND secret_hash IS NOT NULL
           AND EXISTS (SELECT FROM tenant WHERE tenant.id = credential.tenant AND tenant.deleting_at IS NULL)",
        id.as_str()
    )
    .fetch_optional(pool)
    .await?;
    let Some(mut row) = row else { return Ok(None) };
    let Some(secret_hash) = row.secret_hash.take() else { return Ok(None) };
    let kept = SecretHash::from_store(row.pepper_id.take(), secret_hash);
    Ok(Some((row.try_into()?, kept)))
}

/// Keeps a secret's hash under another pepper, unless another call was faster.
pub(crate) async fn renew_hash(
    pool: &PgPool,
    id: &ApiKeyId,
    kept: &SecretHash,
    renewed: &SecretHash,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE client_credential SET secret_hash = $3, pepper_id = $4 WHERE id = $1 AND secret_hash = $2",
        id.as_str(),
        kept.as_bytes(),
        renewed.as_bytes(),
        renewed.pepper()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The client's keys that live: at most as many as an account may have credentials.
pub(crate) async fn find_keys(
    pool: &PgPool,
    client: &ClientId,
    now: OffsetDateTime,
) -> Result<Vec<ClientCredential>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
                expires_at, revoked_at
         FROM client_credential
         WHERE tenant = $1 AND account_id = $2 AND jwk IS NOT NULL AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)
           AND EXISTS (SELECT FROM tenant WHERE tenant.id = $1 AND tenant.deleting_at IS NULL)
         ORDER BY id",
        client.tenant.as_str(),
        client.account.id,
        now
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(ClientCredential::try_from).collect()
}

/// The tenant's credential with this id, if there is one.
pub(crate) async fn find(pool: &PgPool, tenant: &TenantId, id: &ApiKeyId) -> Result<Option<ClientCredential>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
                expires_at, revoked_at
         FROM client_credential WHERE tenant = $1 AND id = $2",
        tenant.as_str(),
        id.as_str()
    )
    .fetch_optional(pool)
    .await?;
    row.map(ClientCredential::try_from).transpose()
}

/// Ends the tenant's credential; false if it was ended before or there is none.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    tenant: &TenantId,
    id: &ApiKeyId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE client_credential SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL",
        tenant.as_str(),
        id.as_str(),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The tenant's credentials after this id, in the order of their ids: of one account, or of all.
pub(crate) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    account: Option<&Subject>,
    after: &str,
    rows: i64,
) -> Result<Vec<ClientCredential>, Error> {
    // Two statements, so that each has its own index.
    let rows = match account {
        None => {
            sqlx::query_as!(
            Row,
            "SELECT id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
                expires_at, revoked_at
                 FROM client_credential WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
            tenant.as_str(),
            after,
            rows
        )
            .fetch_all(pool)
            .await?
        }
        Some(account) => {
            sqlx::query_as!(
            Row,
            "SELECT id, tenant, account_id, display_name, scopes, audiences, secret_hash, pepper_id, jwk, created_at,
                expires_at, revoked_at
                 FROM client_credential WHERE tenant = $1 AND account_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            tenant.as_str(),
            account.id,
            after,
            rows
        )
            .fetch_all(pool)
            .await?
        }
    };
    rows.into_iter().map(ClientCredential::try_from).collect()
}
