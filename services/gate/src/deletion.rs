//! What gate has of tenants in its tables: hosts and routes.

use chassis::deletion::Holdings;
use chassis::{DatabaseError, TenantId, UnitOfWork};

use crate::store::change::Changed;
use crate::store::{hosts, routes};

/// Gate's tables.
#[derive(Debug)]
pub(crate) struct OwnHoldings;

impl Holdings for OwnHoldings {
    type Error = DatabaseError;

    async fn delete(
        &self,
        work: &mut UnitOfWork,
        tenant: &TenantId,
        rows_max: u32,
    ) -> Result<Vec<(&'static str, u64)>, DatabaseError> {
        // Hosts last: routes refer to them.
        let mut counts = vec![("route", routes::delete(work.connection(), tenant, rows_max).await?)];
        if counts[0].1 == 0 {
            counts = vec![
                ("route_set", routes::delete_set(work.connection(), tenant).await?),
                ("host", hosts::delete(work.connection(), tenant, rows_max).await?),
            ];
        }
        counts.retain(|(_, rows)| *rows > 0);
        if !counts.is_empty() {
            work.publish(&Changed { tenant: tenant.to_string() });
        }
        Ok(counts)
    }
}
