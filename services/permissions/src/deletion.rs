//! What permissions has of tenants: relationships, the schema, and what they are in the system namespace.
//!
//! It goes as any change does, each batch a revision, so that every replica and every file of the index follows; the rows themselves are
//! collected with the history.

use chassis::deletion::Holdings;
use chassis::{TenantId, UnitOfWork};
use graph::RelationshipFilter;

use crate::domain::role::tenant_object;
use crate::domain::write::Deletion;
use crate::error::Error;
use crate::store::schemas;
use crate::store::turn::Turn;

/// Permissions' tables.
#[derive(Debug)]
pub(crate) struct OwnHoldings;

impl Holdings for OwnHoldings {
    type Error = Error;

    async fn delete(
        &self,
        work: &mut UnitOfWork,
        tenant: &TenantId,
        rows_max: u32,
    ) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut turn = Turn::wait(work.connection()).await?;
        let batch = |filter| Deletion { filter, limit: rows_max, allow_partial: true };
        let own = turn.delete(tenant, &batch(RelationshipFilter::default())).await?;
        if own.deleted > 0 {
            turn.store().await?;
            return Ok(vec![("relationship", own.deleted.into())]);
        }
        let object = tenant_object(tenant);
        let roles = RelationshipFilter {
            object_type: Some(object.object_type().to_owned()),
            object_id: Some(object.object_id().to_owned()),
            ..RelationshipFilter::default()
        };
        let roles = turn.delete(&TenantId::system(), &batch(roles)).await?;
        if roles.deleted > 0 {
            turn.store().await?;
            return Ok(vec![("role", roles.deleted.into())]);
        }
        let Some(revision) = schemas::revision_in_force(turn.connection(), tenant).await? else {
            return Ok(Vec::new());
        };
        if schemas::text(turn.connection(), tenant, revision).await?.is_empty() {
            return Ok(Vec::new());
        }
        // A schema without a type: nothing can be asked or written.
        turn.replace_schema(tenant, "").await?;
        Ok(vec![("schema", 1)])
    }
}
