//! Users and service accounts.

use chassis::database::broken_constraint;
use chassis::{Subject, SubjectKind, TenantId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::broken;
use crate::domain::display_name::DisplayName;
use crate::domain::subject::{Kept, SubjectRecord};
use crate::error::Error;

struct Row {
    id: String,
    display_name: String,
    display_name_sealed: Option<Vec<u8>>,
    created_at: OffsetDateTime,
    erased_at: Option<OffsetDateTime>,
}

impl Row {
    fn of_kind(self, kind: SubjectKind) -> Result<Kept, Error> {
        let record = SubjectRecord {
            subject: Subject::new(kind, &self.id).map_err(broken)?,
            display_name: DisplayName::known(self.display_name),
            created_at: self.created_at,
            erased_at: self.erased_at,
        };
        Ok(Kept { record, sealed_name: self.display_name_sealed })
    }
}

/// A user whose name lies in clear.
pub(crate) struct Unsealed {
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) display_name: String,
}

/// Adds a subject to a tenant, with its name in clear or sealed.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    record: &SubjectRecord,
    sealed_name: Option<&[u8]>,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "INSERT INTO subject (tenant, kind, id, display_name, display_name_sealed, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        tenant.as_str(),
        record.subject.kind.name(),
        record.subject.id,
        if sealed_name.is_some() { "" } else { record.display_name.as_str() },
        sealed_name,
        record.created_at
    )
    .execute(connection)
    .await;
    match done {
        Ok(_) => Ok(()),
        Err(error) if broken_constraint(&error) == Some("subject_tenant_kind_id_pkey") => {
            Err(Error::Exists(record.subject.kind.into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The tenant's subject, if there is one.
pub(crate) async fn find(pool: &PgPool, tenant: &TenantId, subject: &Subject) -> Result<Option<Kept>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, display_name, display_name_sealed, created_at, erased_at FROM subject
         WHERE tenant = $1 AND kind = $2 AND id = $3",
        tenant.as_str(),
        subject.kind.name(),
        subject.id
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| row.of_kind(subject.kind)).transpose()
}

/// The tenant's subjects of one kind after this id, in the order of their ids.
pub(crate) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    kind: SubjectKind,
    after: &str,
    rows: i64,
) -> Result<Vec<Kept>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, display_name, display_name_sealed, created_at, erased_at FROM subject
         WHERE tenant = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4",
        tenant.as_str(),
        kind.name(),
        after,
        rows
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| row.of_kind(kind)).collect()
}

/// Whether the tenant has this subject, not erased; it is not erased before the end of the transaction.
pub(crate) async fn hold(connection: &mut PgConnection, tenant: &TenantId, subject: &Subject) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM subject WHERE tenant = $1 AND kind = $2 AND id = $3 AND erased_at IS NULL FOR SHARE",
        tenant.as_str(),
        subject.kind.name(),
        subject.id
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Takes away what is known of a user; false if it was before.
pub(crate) async fn erase(
    connection: &mut PgConnection,
    tenant: &TenantId,
    id: &str,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subject SET display_name = '', display_name_sealed = NULL, erased_at = $3
         WHERE tenant = $1 AND kind = 'user' AND id = $2 AND erased_at IS NULL",
        tenant.as_str(),
        id,
        now
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Some users of living tenants whose names lie in clear.
pub(crate) async fn unsealed(pool: &PgPool, rows: i64) -> Result<Vec<Unsealed>, Error> {
    let rows = sqlx::query_as!(
        Unsealed,
        "SELECT subject.tenant, subject.id, subject.display_name FROM subject
         JOIN tenant ON tenant.id = subject.tenant AND tenant.deleting_at IS NULL
         WHERE subject.kind = 'user' AND subject.display_name <> '' ORDER BY subject.tenant, subject.id LIMIT $1",
        rows
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

/// Puts the sealed name in the place of the one in clear, if that is still there.
pub(crate) async fn seal(connection: &mut PgConnection, user: &Unsealed, sealed_name: &[u8]) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE subject SET display_name = '', display_name_sealed = $4
         WHERE tenant = $1 AND kind = 'user' AND id = $2 AND display_name = $3",
        user.tenant,
        user.id,
        user.display_name,
        sealed_name
    )
    .execute(connection)
    .await?;
    Ok(())
}
