//! The schemas that were ever in force.

use chassis::{Database, DatabaseError, TenantId};
use graph::{Orphan, Relationship, SubjectKind};
use sqlx::PgConnection;

use super::rows::{Row, column, digest, revision};
use crate::domain::revision::{Point, Revision};

/// A schema as it is stored.
#[derive(Debug)]
pub(crate) struct StoredSchema {
    /// The revision that put it in force.
    pub(crate) revision: u64,
    /// Its canonical text.
    pub(crate) text: String,
}

/// The revision of the schema in force, if there is one.
pub(crate) async fn revision_in_force(
    connection: &mut PgConnection,
    tenant: &TenantId,
) -> Result<Option<u64>, DatabaseError> {
    let newest = sqlx::query_scalar!("SELECT max(revision) FROM schema_version WHERE tenant = $1", tenant.as_str())
        .fetch_one(connection)
        .await?;
    Ok(newest.map(revision))
}

/// The text of the schema that a revision put in force.
pub(crate) async fn text(connection: &mut PgConnection, tenant: &TenantId, at: u64) -> Result<String, DatabaseError> {
    Ok(sqlx::query_scalar!(
        "SELECT text FROM schema_version WHERE tenant = $1 AND revision = $2",
        tenant.as_str(),
        column(at)
    )
    .fetch_one(connection)
    .await?)
}

/// The schema in force and the newest revision, both of one moment.
pub(crate) async fn read(
    database: &Database,
    tenant: &TenantId,
) -> Result<(Revision, Option<StoredSchema>), DatabaseError> {
    let row = sqlx::query!(
        r#"SELECT head.epoch, head.revision AS head, head.digest, version.revision AS "revision?", version.text AS "text?"
           FROM revision_head AS head
           LEFT JOIN LATERAL (
               SELECT revision, text FROM schema_version WHERE tenant = $1 ORDER BY revision DESC LIMIT 1
           ) AS version ON true"#,
        tenant.as_str()
    )
    .fetch_one(database.pool())
    .await?;
    let head = Point { epoch: row.epoch, number: revision(row.head), digest: digest(row.digest)? }.revision();
    let schema = row.revision.zip(row.text).map(|(at, text)| StoredSchema { revision: revision(at), text });
    Ok((head, schema))
}

/// Puts a schema in force.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    at: u64,
    text: &str,
) -> Result<(), DatabaseError> {
    sqlx::query!(
        "INSERT INTO schema_version (tenant, revision, text) VALUES ($1, $2, $3)",
        tenant.as_str(),
        column(at),
        text
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One relationship of any of these kinds, if there is one.
pub(crate) async fn find_orphan(
    connection: &mut PgConnection,
    tenant: &TenantId,
    kinds: &[Orphan],
) -> Result<Option<Relationship>, DatabaseError> {
    let column = |of: fn(&Orphan) -> String| -> Vec<String> { kinds.iter().map(of).collect() };
    let row = sqlx::query_as!(
        Row,
        r#"SELECT found.resource_type AS "resource_type!", found.resource_id AS "resource_id!",
               found.relation AS "relation!", found.subject_type AS "subject_type!",
               found.subject_id AS "subject_id!", found.subject_relation AS "subject_relation!"
           FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
               AS kind (resource_type, relation, subject_type, subject_relation, wildcard)
           CROSS JOIN LATERAL (
               SELECT * FROM relationship
               WHERE tenant = $1 AND deleted_revision IS NULL
                   AND resource_type = kind.resource_type AND relation = kind.relation
                   AND subject_type = kind.subject_type AND subject_relation = kind.subject_relation
                   AND (subject_id = '*') = kind.wildcard
               LIMIT 1
           ) AS found
           LIMIT 1"#,
        tenant.as_str(),
        &column(|kind| kind.object_type.clone()),
        &column(|kind| kind.relation.clone()),
        &column(|kind| kind.subject_type.object_type.clone()),
        &column(|kind| userset_relation(&kind.subject_type.kind)),
        &kinds.iter().map(|kind| kind.subject_type.kind == SubjectKind::Wildcard).collect::<Vec<bool>>()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Row::relationship).transpose()?)
}

fn userset_relation(kind: &SubjectKind) -> String {
    match kind {
        SubjectKind::Userset(relation) => relation.clone(),
        SubjectKind::Object | SubjectKind::Wildcard => String::new(),
    }
}
