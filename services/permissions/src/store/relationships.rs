//! Relationships that a write finds, adds and removes.

use std::collections::HashSet;

use chassis::{DatabaseError, TenantId};
use graph::Relationship;
use sqlx::PgConnection;

use super::rows::{Columns, Row, column};

/// Those of the relationships that are there.
pub(crate) async fn present<'a>(
    connection: &mut PgConnection,
    tenant: &TenantId,
    relationships: impl IntoIterator<Item = &'a Relationship>,
) -> Result<HashSet<Relationship>, DatabaseError> {
    let keys = Columns::of(relationships);
    let rows = sqlx::query_as!(
        Row,
        "SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation
         FROM relationship
         JOIN unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
             AS key (resource_type, resource_id, relation, subject_type, subject_id, subject_relation)
             USING (resource_type, resource_id, relation, subject_type, subject_id, subject_relation)
         WHERE tenant = $1 AND deleted_revision IS NULL",
        tenant.as_str(),
        &keys.resource_types,
        &keys.resource_ids,
        &keys.relations,
        &keys.subject_types,
        &keys.subject_ids,
        &keys.subject_relations
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Row::relationship).collect::<Result<_, _>>()?)
}

/// Adds relationships that are not there.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    tenant: &TenantId,
    at: u64,
    relationships: &[Relationship],
) -> Result<(), DatabaseError> {
    let rows = Columns::of(relationships);
    sqlx::query!(
        "INSERT INTO relationship (
             tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation, created_revision
         )
         SELECT $1, entry.*, $8
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS entry",
        tenant.as_str(),
        &rows.resource_types,
        &rows.resource_ids,
        &rows.relations,
        &rows.subject_types,
        &rows.subject_ids,
        &rows.subject_relations,
        column(at)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks relationships that are there as gone.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenant: &TenantId,
    at: u64,
    relationships: &[Relationship],
) -> Result<(), DatabaseError> {
    let keys = Columns::of(relationships);
    sqlx::query!(
        "UPDATE relationship SET deleted_revision = $8
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
             AS key (resource_type, resource_id, relation, subject_type, subject_id, subject_relation)
         WHERE tenant = $1 AND deleted_revision IS NULL
             AND relationship.resource_type = key.resource_type AND relationship.resource_id = key.resource_id
             AND relationship.relation = key.relation AND relationship.subject_type = key.subject_type
             AND relationship.subject_id = key.subject_id AND relationship.subject_relation = key.subject_relation",
        tenant.as_str(),
        &keys.resource_types,
        &keys.resource_ids,
        &keys.relations,
        &keys.subject_types,
        &keys.subject_ids,
        &keys.subject_relations,
        column(at)
    )
    .execute(connection)
    .await?;
    Ok(())
}
