//! Relationships that a write finds, adds and removes.
//!
//! Each is looked up by itself (`LATERAL … LIMIT 1`): of a join the planner, which knows nothing of a table that was filled a
//! moment ago, makes one that reads all that the tenant has.

use chassis::{DatabaseError, TenantId};
use graph::Relationship;
use sqlx::PgConnection;

use super::rows::{Columns, column};
use crate::domain::ledger::{Added, Removed};

/// A tenant's relationship.
pub(crate) type Key<'a> = (&'a TenantId, &'a Relationship);

/// The places, counted from 0, of the relationships that are there.
pub(crate) async fn present(connection: &mut PgConnection, keys: &[Key<'_>]) -> Result<Vec<usize>, DatabaseError> {
    let columns = Columns::of(keys.iter().copied());
    let places = sqlx::query_scalar!(
        r#"SELECT key.place AS "place!"
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               WITH ORDINALITY AS key (
                   tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation, place
               )
           CROSS JOIN LATERAL (
               SELECT FROM relationship AS row
               WHERE row.tenant = key.tenant AND row.deleted_revision IS NULL
                   AND row.resource_type = key.resource_type AND row.resource_id = key.resource_id
                   AND row.relation = key.relation AND row.subject_type = key.subject_type
                   AND row.subject_id = key.subject_id AND row.subject_relation = key.subject_relation
               LIMIT 1
           ) AS live"#,
        &columns.tenants,
        &columns.resource_types,
        &columns.resource_ids,
        &columns.relations,
        &columns.subject_types,
        &columns.subject_ids,
        &columns.subject_relations
    )
    .fetch_all(connection)
    .await?;
    Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}

/// Adds rows.
pub(super) async fn insert(connection: &mut PgConnection, rows: &[Added]) -> Result<(), DatabaseError> {
    let columns = Columns::of(rows.iter().map(|row| (&row.tenant, &row.relationship)));
    let created: Vec<i64> = rows.iter().map(|row| column(row.created)).collect();
    let deleted: Vec<Option<i64>> = rows.iter().map(|row| row.deleted.map(column)).collect();
    sqlx::query!(
        "INSERT INTO relationship (
             tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation,
             created_revision, deleted_revision
         )
         SELECT * FROM unnest(
             $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[]
         )",
        &columns.tenants,
        &columns.resource_types,
        &columns.resource_ids,
        &columns.relations,
        &columns.subject_types,
        &columns.subject_ids,
        &columns.subject_relations,
        &created,
        &deleted as &[Option<i64>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks rows that are there as gone.
pub(super) async fn delete(connection: &mut PgConnection, rows: &[Removed]) -> Result<(), DatabaseError> {
    let columns = Columns::of(rows.iter().map(|row| (&row.tenant, &row.relationship)));
    let deleted: Vec<i64> = rows.iter().map(|row| column(row.deleted)).collect();
    sqlx::query!(
        "UPDATE relationship SET deleted_revision = gone.at
         FROM (
             SELECT live.place, key.at
             FROM unnest(
                 $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]
             ) AS key (tenant, resource_type, resource_id, relation, subject_type, subject_id, subject_relation, at)
             CROSS JOIN LATERAL (
                 SELECT row.ctid AS place FROM relationship AS row
                 WHERE row.tenant = key.tenant AND row.deleted_revision IS NULL
                     AND row.resource_type = key.resource_type AND row.resource_id = key.resource_id
                     AND row.relation = key.relation AND row.subject_type = key.subject_type
                     AND row.subject_id = key.subject_id AND row.subject_relation = key.subject_relation
                 LIMIT 1
             ) AS live
         ) AS gone
         WHERE relationship.ctid = gone.place",
        &columns.tenants,
        &columns.resource_types,
        &columns.resource_ids,
        &columns.relations,
        &columns.subject_types,
        &columns.subject_ids,
        &columns.subject_relations,
        &deleted
    )
    .execute(connection)
    .await?;
    Ok(())
}
