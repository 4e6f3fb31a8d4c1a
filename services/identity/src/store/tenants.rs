//! Tenants.

use chassis::TenantId;
use chassis::database::broken_constraint;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::{api_keys, broken, subjects};
use crate::domain::display_name::DisplayName;
use crate::domain::founding::Founding;
use crate::domain::pepper::SecretHash;
use crate::domain::tenant::Tenant;
use crate::error::{Error, Thing};

struct Row {
    id: String,
    display_name: String,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Tenant {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            display_name: DisplayName::known(row.display_name),
            created_at: row.created_at,
        })
    }
}

/// Adds a tenant.
async fn insert(connection: &mut PgConnection, tenant: &Tenant) -> Result<(), Error> {
    let done = sqlx::query!(
        "INSERT INTO tenant (id, display_name, created_at) VALUES ($1, $2, $3)",
        tenant.id.as_str(),
        tenant.display_name.as_str(),
        tenant.created_at
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
    let row = sqlx::query_as!(Row, "SELECT id, display_name, created_at FROM tenant WHERE id = $1", id.as_str())
        .fetch_optional(pool)
        .await?;
    row.map(Tenant::try_from).transpose()
}

/// The tenants after this id, in the order of their ids.
pub(crate) async fn list(pool: &PgPool, after: &str, rows: i64) -> Result<Vec<Tenant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, display_name, created_at FROM tenant WHERE id > $1 ORDER BY id LIMIT $2",
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
) -> Result<(), Error> {
    insert(connection, &founding.tenant).await?;
    subjects::insert(connection, &founding.tenant.id, &founding.administrator).await?;
    api_keys::insert(connection, &founding.api_key, secret_hash).await
}
