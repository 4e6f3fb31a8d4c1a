//! Pages of relationships that match any combination of fields, at a pinned revision.
//!
//! The statement is put together from the fields that are given: one statement for all combinations would be planned for
//! none of them.

use chassis::{Database, DatabaseError, TenantId};
use graph::{Relationship, RelationshipFilter, SubjectRelationFilter};
use sqlx::{Postgres, QueryBuilder};

use super::rows::{Row, column};

/// The page of relationships that comes after one, of those that were there at a revision.
pub(crate) async fn read(
    database: &Database,
    tenant: &TenantId,
    at: u64,
    filter: &RelationshipFilter,
    after: Option<&Relationship>,
    rows_max: i64,
) -> Result<Vec<Relationship>, DatabaseError> {
    let mut query = statement(tenant, at, filter, after, rows_max);
    let rows: Vec<Row> = query.build_query_as().fetch_all(database.pool()).await?;
    Ok(rows.into_iter().map(Row::relationship).collect::<Result<_, _>>()?)
}

fn statement(
    tenant: &TenantId,
    at: u64,
    filter: &RelationshipFilter,
    after: Option<&Relationship>,
    rows_max: i64,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation \
         FROM relationship WHERE tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query.push(" AND created_revision <= ").push_bind(column(at));
    query.push(" AND (deleted_revision IS NULL OR deleted_revision > ").push_bind(column(at)).push(")");
    let subject_relation = filter.subject_relation.as_ref().map(|relation| match relation {
        SubjectRelationFilter::Plain => String::new(),
        SubjectRelationFilter::Userset(relation) => relation.clone(),
    });
    for (column, value) in [
        (" AND resource_type = ", &filter.object_type),
        (" AND resource_id = ", &filter.object_id),
        (" AND relation = ", &filter.relation),
        (" AND subject_type = ", &filter.subject_type),
        (" AND subject_id = ", &filter.subject_id),
        (" AND subject_relation = ", &subject_relation),
    ] {
        if let Some(value) = value {
            query.push(column).push_bind(value.clone());
        }
    }
    if let Some(after) = after {
        let (resource, subject) = (after.resource(), after.subject());
        query.push(" AND (resource_type, resource_id, relation, subject_type, subject_id, subject_relation) > (");
        let mut key = query.separated(", ");
        for part in [
            resource.object_type(),
            resource.object_id(),
            after.relation(),
            subject.object().object_type(),
            subject.object().object_id(),
            subject.relation().unwrap_or_default(),
        ] {
            key.push_bind(part.to_owned());
        }
        query.push(")");
    }
    query.push(" ORDER BY resource_type, resource_id, relation, subject_type, subject_id, subject_relation LIMIT ");
    query.push_bind(rows_max);
    query
}
