//! Pages of relationships that match any combination of fields, at a pinned revision.
//!
//! The statement is put together from the fields that are given: one statement for all combinations would be planned for
//! none of them.

use chassis::{Database, DatabaseError, TenantId};
use graph::{Relationship, RelationshipFilter, SubjectRelationFilter};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::head;
use super::rows::{Row, column};

/// The page of relationships that comes after one, of those that were there at a revision; none if that is collected.
pub(crate) async fn read(
    database: &Database,
    tenant: &TenantId,
    at: u64,
    filter: &RelationshipFilter,
    after: Option<&Relationship>,
    rows_max: i64,
) -> Result<Option<Vec<Relationship>>, DatabaseError> {
    let mut query = QueryBuilder::new(SELECT);
    matching(&mut query, tenant, filter);
    query.push(" AND created_revision <= ").push_bind(column(at));
    query.push(" AND (deleted_revision IS NULL OR deleted_revision > ").push_bind(column(at)).push(")");
    if let Some(after) = after {
        beginning_after(&mut query, after);
    }
    query.push(" ORDER BY resource_type, resource_id, relation, subject_type, subject_id, subject_relation LIMIT ");
    query.push_bind(rows_max);
    let mut connection = database.connection().await?;
    let rows: Vec<Row> = query.build_query_as().fetch_all(&mut *connection).await?;
    // Afterwards: the floor rises before anything is taken away, so what was read below it may lack something.
    if at < head::read_in(&mut *connection).await?.floor {
        return Ok(None);
    }
    Ok(Some(rows.into_iter().map(Row::relationship).collect::<Result<_, _>>()?))
}

/// Some of the relationships that are there and match, in a turn to write.
pub(super) async fn find(
    connection: &mut PgConnection,
    tenant: &TenantId,
    filter: &RelationshipFilter,
    rows_max: i64,
) -> Result<Vec<Relationship>, DatabaseError> {
    let mut query = QueryBuilder::new(SELECT);
    matching(&mut query, tenant, filter);
    query.push(" AND deleted_revision IS NULL LIMIT ").push_bind(rows_max);
    let rows: Vec<Row> = query.build_query_as().fetch_all(connection).await?;
    Ok(rows.into_iter().map(Row::relationship).collect::<Result<_, _>>()?)
}

/// Whether any relationship is there and matches, for each filter in order, in a turn to write.
pub(super) async fn any(
    connection: &mut PgConnection,
    tenant: &TenantId,
    filters: impl ExactSizeIterator<Item = &RelationshipFilter>,
) -> Result<Vec<bool>, DatabaseError> {
    let mut query = QueryBuilder::new("SELECT ARRAY[");
    for (place, filter) in filters.enumerate() {
        query.push(if place == 0 { "EXISTS (" } else { ", EXISTS (" });
        query.push("SELECT FROM relationship WHERE tenant = ");
        matching(&mut query, tenant, filter);
        query.push(" AND deleted_revision IS NULL)");
    }
    query.push("]::boolean[]");
    Ok(query.build_query_scalar().fetch_one(connection).await?)
}

const SELECT: &str = "SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation \
                      FROM relationship WHERE tenant = ";

fn matching(query: &mut QueryBuilder<Postgres>, tenant: &TenantId, filter: &RelationshipFilter) {
    query.push_bind(tenant.as_str().to_owned());
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
}

fn beginning_after(query: &mut QueryBuilder<Postgres>, after: &Relationship) {
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
