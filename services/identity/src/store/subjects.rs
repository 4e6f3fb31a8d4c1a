//! Users and service accounts.

use chassis::database::broken_constraint;
use chassis::{Subject, SubjectKind, TenantId};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::broken;
use crate::domain::display_name::DisplayName;
use crate::domain::subject::SubjectRecord;
use crate::error::Error;

struct Row {
    id: String,
    display_name: String,
    created_at: OffsetDateTime,
}

impl Row {
    fn of_kind(self, kind: SubjectKind) -> Result<SubjectRecord, Error> {
        Ok(SubjectRecord {
            subject: Subject::new(kind, &self.id).map_err(broken)?,
            display_name: DisplayName::known(self.display_name),
            created_at: self.created_at,
        })
    }
}

/// Adds a subject to a tenant.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    record: &SubjectRecord,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "INSERT INTO subject (tenant, kind, id, display_name, created_at) VALUES ($1, $2, $3, $4, $5)",
        tenant.as_str(),
        record.subject.kind.name(),
        record.subject.id,
        record.display_name.as_str(),
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
pub(crate) async fn find(pool: &PgPool, tenant: &TenantId, subject: &Subject) -> Result<Option<SubjectRecord>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, display_name, created_at FROM subject WHERE tenant = $1 AND kind = $2 AND id = $3",
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
) -> Result<Vec<SubjectRecord>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, display_name, created_at FROM subject WHERE tenant = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4",
        tenant.as_str(),
        kind.name(),
        after,
        rows
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| row.of_kind(kind)).collect()
}
