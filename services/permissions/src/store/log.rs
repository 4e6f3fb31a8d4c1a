//! The log that relationships and schemas form by their revisions: what the index is loaded from, and what it follows.

use std::collections::HashMap;

use chassis::{Database, DatabaseError};
use futures::TryStreamExt as _;
use graph::{Change, Relationship};
use sqlx::{PgConnection, Postgres, Transaction};

use super::rows::{Row, column, digest, revision};
use super::schemas::StoredSchema;
use crate::domain::digest::Digest;

/// A tenant's id as the column has it. The reserved tenant is among them.
pub(crate) type TenantKey = String;

/// One entry of the log.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) tenant: TenantKey,
    pub(crate) revision: u64,
    pub(crate) what: T,
}

/// A transaction whose statements all read what was committed at one moment. If the database goes down in it, it ends: no
/// statement is answered by another database than those before.
pub(crate) async fn moment(database: &Database) -> Result<Transaction<'static, Postgres>, DatabaseError> {
    Ok(database.pool().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
}

/// Every relationship that was there at a revision, until `take` refuses one.
pub(crate) async fn relationships_at<E>(
    connection: &mut PgConnection,
    at: u64,
    mut take: impl FnMut(TenantKey, Relationship) -> Result<(), E>,
) -> Result<Result<(), E>, DatabaseError> {
    let mut rows = sqlx::query!(
        "SELECT tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation
         FROM relationship
         WHERE created_revision <= $1 AND (deleted_revision IS NULL OR deleted_revision > $1)",
        column(at)
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let relationship = Row {
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            relation: row.relation,
            subject_type: row.subject_type,
            subject_id: row.subject_id,
            subject_relation: row.subject_relation,
        }
        .relationship()?;
        if let Err(refused) = take(row.tenant, relationship) {
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

/// The schema of each tenant that was in force at a revision.
pub(crate) async fn schemas_at(
    connection: &mut PgConnection,
    at: u64,
) -> Result<HashMap<TenantKey, StoredSchema>, DatabaseError> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (tenant) tenant, revision, text FROM schema_version
         WHERE revision <= $1 ORDER BY tenant, revision DESC",
        column(at)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant, StoredSchema { revision: revision(row.revision), text: row.text }))
        .collect())
}

/// What came and went after one revision, up to and with another, in order.
pub(crate) async fn changes_between(
    connection: &mut PgConnection,
    after: u64,
    to: u64,
) -> Result<Vec<Entry<Change>>, DatabaseError> {
    let mut rows = sqlx::query!(
        r#"SELECT created_revision AS "revision!", false AS "gone!", tenant AS "tenant!",
               resource_type AS "resource_type!", resource_id AS "resource_id!", relation AS "relation!",
               subject_type AS "subject_type!", subject_id AS "subject_id!", subject_relation AS "subject_relation!"
           FROM relationship WHERE created_revision > $1 AND created_revision <= $2
           UNION ALL
           SELECT deleted_revision, true, tenant,
               resource_type, resource_id, relation, subject_type, subject_id, subject_relation
           FROM relationship WHERE deleted_revision > $1 AND deleted_revision <= $2
           ORDER BY 1"#,
        column(after),
        column(to)
    )
    .fetch(connection);
    let mut changes = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let relationship = Row {
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            relation: row.relation,
            subject_type: row.subject_type,
            subject_id: row.subject_id,
            subject_relation: row.subject_relation,
        }
        .relationship()?;
        let what = if row.gone { Change::Delete(relationship) } else { Change::Touch(relationship) };
        changes.push(Entry { tenant: row.tenant, revision: revision(row.revision), what });
    }
    Ok(changes)
}

/// The first place after a revision where the head stood after a commit, with the digest that it had.
pub(crate) async fn mark_from(
    connection: &mut PgConnection,
    from: u64,
) -> Result<Option<(u64, Digest)>, DatabaseError> {
    let row = sqlx::query!(
        "SELECT revision, digest FROM revision_mark WHERE revision >= $1 ORDER BY revision LIMIT 1",
        column(from)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Ok::<_, sqlx::Error>((revision(row.revision), digest(row.digest)?))).transpose()?)
}

/// The last place up to a revision where the head stood after a commit, with the digest that it had.
pub(crate) async fn mark_to(connection: &mut PgConnection, to: u64) -> Result<Option<(u64, Digest)>, DatabaseError> {
    let row = sqlx::query!(
        "SELECT revision, digest FROM revision_mark WHERE revision <= $1 ORDER BY revision DESC LIMIT 1",
        column(to)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Ok::<_, sqlx::Error>((revision(row.revision), digest(row.digest)?))).transpose()?)
}

/// Every schema that was put in force after one revision, up to and with another.
pub(crate) async fn schemas_between(
    connection: &mut PgConnection,
    after: u64,
    to: u64,
) -> Result<Vec<(TenantKey, StoredSchema)>, DatabaseError> {
    let rows = sqlx::query!(
        "SELECT tenant, revision, text FROM schema_version WHERE revision > $1 AND revision <= $2",
        column(after),
        column(to)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant, StoredSchema { revision: revision(row.revision), text: row.text }))
        .collect())
}
