//! What identity itself has of tenants, and how far the deletion of one is everywhere.

use chassis::deletion::{self, Holdings};
use chassis::{TenantId, UnitOfWork, timestamp};
use contract::identity::v1::{DeletedRows, ServiceDeletion, TenantDeletion};

use crate::Identity;
use crate::domain::tenant::Tenant;
use crate::error::Error;
use crate::grpc::events;
use crate::store::deletions::{self, Report};

/// The other services that have something of tenants, and say when they have nothing more.
const OTHERS: [&str; 2] = ["gate", "permissions"];

/// Identity's tables.
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
        let rows_max = i64::from(rows_max);
        let workloads = deletions::delete_workloads(work.connection(), tenant, rows_max).await?;
        for spiffe_id in &workloads {
            work.publish(&events::workload_unbound(spiffe_id));
        }
        if !workloads.is_empty() {
            return Ok(vec![("workload", workloads.len() as u64)]);
        }
        // Subjects last: the others refer to them.
        let connection = work.connection();
        let credentials = deletions::delete_client_credentials(&mut *connection, tenant, rows_max).await?;
        if credentials > 0 {
            return Ok(vec![("client_credential", credentials)]);
        }
        let api_keys = deletions::delete_api_keys(&mut *connection, tenant, rows_max).await?;
        if api_keys > 0 {
            return Ok(vec![("api_key", api_keys)]);
        }
        let subjects = deletions::delete_subjects(connection, tenant, rows_max).await?;
        Ok(if subjects > 0 { vec![("subject", subjects)] } else { Vec::new() })
    }
}

impl Identity {
    /// How far the deletion of a tenant is; none if it lives.
    pub(crate) async fn deletion_of(&self, tenant: &Tenant) -> Result<Option<TenantDeletion>, Error> {
        let Some(asked_at) = tenant.deleting_at else { return Ok(None) };
        let own = deletion::of(&self.database, &tenant.id).await?.unwrap_or_default();
        let reports = deletions::reports(self.database.pool(), &tenant.id).await?;
        let own_rows = own.counts.into_iter().map(|(kind, count)| DeletedRows { kind, count }).collect();
        let mut services = vec![ServiceDeletion {
            service: "identity".to_owned(),
            done_at: own.done_at.map(timestamp::to_proto),
            rows: own_rows,
        }];
        services.extend(OTHERS.iter().map(|service| said_by(service, &reports)));
        let times: Option<Vec<_>> =
            OTHERS.iter().map(|service| done_at(service, &reports)).chain([own.done_at]).collect();
        let done_at = times.and_then(|times| times.into_iter().max()).map(timestamp::to_proto);
        Ok(Some(TenantDeletion { asked_at: Some(timestamp::to_proto(asked_at)), done_at, services }))
    }
}

fn done_at(service: &str, reports: &[Report]) -> Option<time::OffsetDateTime> {
    reports.iter().find(|report| report.service == service).map(|report| report.done_at)
}

fn said_by(service: &str, reports: &[Report]) -> ServiceDeletion {
    let report = reports.iter().find(|report| report.service == service);
    ServiceDeletion {
        service: service.to_owned(),
        done_at: report.map(|report| timestamp::to_proto(report.done_at)),
        rows: report.map(|report| report.rows.clone()).unwrap_or_default(),
    }
}
