//! API keys.

use chassis::api_key::ApiKeyId;
use chassis::{Subject, SubjectKind, TenantId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::broken;
use crate::domain::api_key::ApiKeyRecord;
use crate::domain::display_name::DisplayName;
use crate::domain::pepper::SecretHash;
use crate::domain::scope::Scopes;
use crate::error::Error;

struct Row {
    id: String,
    tenant: String,
    owner_kind: String,
    owner_id: String,
    display_name: String,
    scopes: Vec<String>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ApiKeyRecord {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let kind = SubjectKind::from_name(&row.owner_kind).ok_or_else(|| broken("api_key.owner_kind"))?;
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            tenant: row.tenant.parse().map_err(broken)?,
            owner: Subject::new(kind, &row.owner_id).map_err(broken)?,
            display_name: DisplayName::known(row.display_name),
            scopes: Scopes::from_store(row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// Adds a key of an existing subject.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    key: &ApiKeyRecord,
    secret_hash: &SecretHash,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO api_key
             (id, tenant, owner_kind, owner_id, display_name, scopes, secret_hash, pepper_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        key.id.as_str(),
        key.tenant.as_str(),
        key.owner.kind.name(),
        key.owner.id,
        key.display_name.as_str(),
        key.scopes.as_slice(),
        secret_hash.as_bytes(),
        secret_hash.pepper(),
        key.created_at,
        key.expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The key with this id, of any tenant that lives and any owner that is not erased, with its hash: for whoever shows the key.
pub(crate) async fn find_to_authenticate(
    pool: &PgPool,
    id: &ApiKeyId,
) -> Result<Option<(ApiKeyRecord, SecretHash)>, Error> {
    let row = sqlx::query!(
        "SELECT key.id, key.tenant, owner_kind, owner_id, key.display_name, scopes, secret_hash, pepper_id,
                key.created_at, expires_at, revoked_at, last_used_at
         FROM api_key AS key
         JOIN subject ON subject.tenant = key.tenant AND subject.kind = owner_kind AND subject.id = owner_id
             AND subject.erased_at IS NULL
         JOIN tenant ON tenant.id = key.tenant AND tenant.deleting_at IS NULL
         WHERE key.id = $1",
        id.as_str()
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let secret_hash = SecretHash::from_store(row.pepper_id, row.secret_hash);
    let row = Row {
        id: row.id,
        tenant: row.tenant,
        owner_kind: row.owner_kind,
        owner_id: row.owner_id,
        display_name: row.display_name,
        scopes: row.scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    };
    Ok(Some((row.try_into()?, secret_hash)))
}

/// Keeps a key's hash under another pepper, unless another call was faster.
pub(crate) async fn renew_hash(
    pool: &PgPool,
    id: &ApiKeyId,
    kept: &SecretHash,
    renewed: &SecretHash,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE api_key SET secret_hash = $3, pepper_id = $4 WHERE id = $1 AND secret_hash = $2",
        id.as_str(),
        kept.as_bytes(),
        renewed.as_bytes(),
        renewed.pepper()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The tenant's key with this id, if there is one.
pub(crate) async fn find(pool: &PgPool, tenant: &TenantId, id: &ApiKeyId) -> Result<Option<ApiKeyRecord>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, tenant, owner_kind, owner_id, display_name, scopes, created_at, expires_at, revoked_at, last_used_at
         FROM api_key WHERE tenant = $1 AND id = $2",
        tenant.as_str(),
        id.as_str()
    )
    .fetch_optional(pool)
    .await?;
    row.map(ApiKeyRecord::try_from).transpose()
}

/// Ends the tenant's key; false if it was ended before or there is none.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    tenant: &TenantId,
    id: &ApiKeyId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE api_key SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL",
        tenant.as_str(),
        id.as_str(),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends some keys of an owner, and forgets their names; answers the ids of those that this has changed.
pub(crate) async fn erase_of_owner(
    connection: &mut PgConnection,
    tenant: &TenantId,
    owner: &Subject,
    now: OffsetDateTime,
    rows: i64,
) -> Result<Vec<String>, Error> {
    let ids = sqlx::query_scalar!(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, $4), display_name = ''
         WHERE id = ANY (ARRAY(
             SELECT id FROM api_key WHERE tenant = $1 AND owner_kind = $2 AND owner_id = $3
                 AND (revoked_at IS NULL OR display_name <> '') ORDER BY id LIMIT $5 FOR NO KEY UPDATE
         )) RETURNING id",
        tenant.as_str(),
        owner.kind.name(),
        owner.id,
        now,
        rows
    )
    .fetch_all(connection)
    .await?;
    Ok(ids)
}

/// Notes when keys were last used. A time never goes back; keys that are not there are passed over.
pub(crate) async fn note_uses(pool: &PgPool, ids: &[String], times: &[OffsetDateTime]) -> Result<(), Error> {
    // One row for each key, and all replicas of gate in the same order: two of them at once wait, and do not meet crosswise.
    sqlx::query!(
        "WITH used AS (
             SELECT id, max(used_at) AS used_at FROM unnest($1::text[], $2::timestamptz[]) AS told (id, used_at) GROUP BY id
         ), locked AS (
             SELECT api_key.id, used.used_at FROM api_key JOIN used ON used.id = api_key.id
             WHERE api_key.last_used_at IS NULL OR api_key.last_used_at < used.used_at
             ORDER BY api_key.id FOR NO KEY UPDATE OF api_key
         )
         UPDATE api_key SET last_used_at = locked.used_at FROM locked WHERE api_key.id = locked.id",
        ids,
        times
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The tenant's keys after this id, in the order of their ids: of one owner, or of all.
pub(crate) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    owner: Option<&Subject>,
    after: &str,
    rows: i64,
) -> Result<Vec<ApiKeyRecord>, Error> {
    // Two statements, so that each has its own index.
    let rows = match owner {
        None => {
            sqlx::query_as!(
                Row,
                "SELECT id, tenant, owner_kind, owner_id, display_name, scopes, created_at, expires_at, revoked_at, last_used_at
                 FROM api_key WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
                tenant.as_str(),
                after,
                rows
            )
            .fetch_all(pool)
            .await?
        }
        Some(owner) => {
            sqlx::query_as!(
                Row,
                "SELECT id, tenant, owner_kind, owner_id, display_name, scopes, created_at, expires_at, revoked_at, last_used_at
                 FROM api_key WHERE tenant = $1 AND owner_kind = $2 AND owner_id = $3 AND id > $4 ORDER BY id LIMIT $5",
                tenant.as_str(),
                owner.kind.name(),
                owner.id,
                after,
                rows
            )
            .fetch_all(pool)
            .await?
        }
    };
    rows.into_iter().map(ApiKeyRecord::try_from).collect()
}
