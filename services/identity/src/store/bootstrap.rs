//! Whether the installation has been bootstrapped.

use chassis::TenantId;
use chassis::database::broken_constraint;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::error::Error;

/// Notes that the installation is bootstrapped with this tenant. Of several transactions at once, one succeeds: the others
/// wait here for its end.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    done_at: OffsetDateTime,
) -> Result<(), Error> {
    let done = sqlx::query!("INSERT INTO bootstrap (tenant, done_at) VALUES ($1, $2)", tenant.as_str(), done_at)
        .execute(connection)
        .await;
    match done {
        Ok(_) => Ok(()),
        Err(error) if broken_constraint(&error) == Some("bootstrap_single_pkey") => Err(Error::BootstrapDone),
        Err(error) => Err(error.into()),
    }
}
