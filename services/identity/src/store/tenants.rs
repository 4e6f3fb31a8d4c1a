//! Tenants.

use chassis::TenantId;
use chassis::database::broken_constraint;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::{api_keys, broken, subjects};
use crate::domain::display_name::DisplayName;
use crate::domain::founding::Founding;
use crate::domain::key_id::KeyId;
use crate::domain::pepper::SecretHash;
use crate::domain::seal::Sealed;
use crate::domain::tenant::Tenant;
use crate::error::{Error, Thing};

struct Row {
    id: String,
    display_name: String,
    created_at: OffsetDateTime,
    deleting_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Tenant {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            display_name: DisplayName::known(row.display_name),
            created_at: row.created_at,
            deleting_at: row.deleting_at,
        })
    }
}

/// Adds a tenant.
async fn insert(connection: &mut PgConnection, tenant: &Tenant, data_key: &Sealed) -> Result<(), Error> {
    let done = sqlx::query!(
        "INSERT INTO tenant (id, display_name, created_at, data_key, data_key_seal_id) VALUES ($1, $2, $3, $4, $5)",
        tenant.id.as_str(),
        tenant.display_name.as_str(),
        tenant.created_at,
        data_key.bytes,
        data_key.key
    )
    .execute(connection)
    .await;
    match done {
        Ok(_) => Ok(()),
        Err(error) if broken_constraint(&error) == Some("tenant_id_pkey") => Err(Error::Exists(Thing::Tenant)),
        Err(error) => Err(error.into()),
    }
}

/// The tenant with this id, if there is one.
pub(crate) async fn find(pool: &PgPool, id: &TenantId) -> Result<Option<Tenant>, Error> {
    let row =
        sqlx::query_as!(Row, "SELECT id, display_name, created_at, deleting_at FROM tenant WHERE id = $1", id.as_str())
            .fetch_optional(pool)
            .await?;
    row.map(Tenant::try_from).transpose()
}

/// The tenants after this id, in the order of their ids.
pub(crate) async fn list(pool: &PgPool, after: &str, rows: i64) -> Result<Vec<Tenant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, display_name, created_at, deleting_at FROM tenant WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        rows
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Tenant::try_from).collect()
}

/// Adds a tenant with its first administrator and that one's key.
pub(crate) async fn found(
    connection: &mut PgConnection,
    founding: &Founding,
    secret_hash: &SecretHash,
    data_key: &Sealed,
) -> Result<(), Error> {
    insert(connection, &founding.tenant, data_key).await?;
    subjects::insert(connection, &founding.tenant.id, &founding.administrator, None).await?;
    api_keys::insert(connection, &founding.api_key, secret_hash).await
}

/// Makes sure that the tenant lives, until the end of the transaction.
pub(crate) async fn hold(connection: &mut PgConnection, id: &TenantId) -> Result<(), Error> {
    let found =
        sqlx::query_scalar!("SELECT id FROM tenant WHERE id = $1 AND deleting_at IS NULL FOR SHARE", id.as_str())
            .fetch_optional(connection)
            .await?;
    found.map(drop).ok_or(Error::NotFound(Thing::Tenant))
}

/// The key that the tenant's people are sealed with, sealed itself; none if there is none yet or no more.
pub(crate) async fn data_key(connection: &mut PgConnection, id: &TenantId) -> Result<Option<Sealed>, Error> {
    let row = sqlx::query!("SELECT data_key, data_key_seal_id FROM tenant WHERE id = $1", id.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(row.data_key.map(|bytes| Sealed { key: row.data_key_seal_id, bytes }))
}

/// The key that the tenant's people are sealed with, sealed itself: this one if there was none. The tenant lives until the end of the
/// transaction.
pub(crate) async fn held_data_key(
    connection: &mut PgConnection,
    id: &TenantId,
    new: impl FnOnce() -> Sealed,
) -> Result<Sealed, Error> {
    hold(connection, id).await?;
    if let Some(kept) = data_key(connection, id).await? {
        return Ok(kept);
    }
    add_data_key(connection, id, &new()).await?;
    // Another call may have been faster: one key counts.
    data_key(connection, id).await?.ok_or(Error::NotFound(Thing::Tenant))
}

/// Gives a living tenant a data key, if it has none.
async fn add_data_key(connection: &mut PgConnection, id: &TenantId, key: &Sealed) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE tenant SET data_key = $2, data_key_seal_id = $3
         WHERE id = $1 AND data_key IS NULL AND deleting_at IS NULL",
        id.as_str(),
        key.bytes,
        key.key
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Some data keys that do not lie under this seal key, after a tenant.
pub(crate) async fn data_keys_not_under(
    pool: &PgPool,
    seal_key: &KeyId,
    after: &str,
    rows: i64,
) -> Result<Vec<(String, Sealed)>, Error> {
    let rows = sqlx::query!(
        "SELECT id, data_key AS \"data_key!\", data_key_seal_id FROM tenant
         WHERE data_key IS NOT NULL AND data_key_seal_id IS DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3",
        seal_key.as_str(),
        after,
        rows
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, Sealed { key: row.data_key_seal_id, bytes: row.data_key })).collect())
}

/// Keeps a data key under another seal key, unless it has changed meanwhile.
pub(crate) async fn renew_data_key(pool: &PgPool, id: &TenantId, kept: &Sealed, renewed: &Sealed) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE tenant SET data_key = $3, data_key_seal_id = $4 WHERE id = $1 AND data_key = $2",
        id.as_str(),
        kept.bytes,
        renewed.bytes,
        renewed.key
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Begins the deletion of a tenant, and throws the key away that its people are sealed with; false if it is deleted already, or there is none.
pub(crate) async fn begin_deletion(
    connection: &mut PgConnection,
    id: &TenantId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE tenant SET deleting_at = $2, display_name = '', data_key = NULL, data_key_seal_id = NULL
         WHERE id = $1 AND deleting_at IS NULL",
        id.as_str(),
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
