//! What the routes that only watch would have denied. One report a tenant, of one version of its routes: a route that is in force
//! or gone takes no room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chassis::TenantId;

use crate::domain::denial::Reason;

/// How many decisions of one reason can be looked at.
const SAMPLES_MAX: usize = 5;

/// The reports.
#[derive(Debug, Default)]
pub(crate) struct ShadowReports(Mutex<HashMap<TenantId, Report>>);

/// What has been seen since a version came into force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) version: u64,
    /// By the route's name.
    pub(crate) routes: BTreeMap<String, Seen>,
}

/// What one route has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) allowed: u64,
    /// By the reason's name.
    pub(crate) denied: BTreeMap<&'static str, Denied>,
}

/// What would have been denied for one reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Denied {
    pub(crate) calls: u64,
    /// The first few.
    pub(crate) decision_ids: Vec<String>,
}

impl ShadowReports {
    /// A route that only watches decided.
    pub(crate) fn note(&self, tenant: &TenantId, version: u64, route: &str, would_deny: Option<Reason>, id: &str) {
        let mut reports = self.reports();
        let report = reports.entry(tenant.clone()).or_default();
        if report.version != version {
            // A call that was under way when the routes changed says nothing of the new ones.
            if report.version > version {
                return;
            }
            *report = Report { version, routes: BTreeMap::new() };
        }
        let seen = report.routes.entry(route.to_owned()).or_default();
        match would_deny {
            None => seen.allowed += 1,
            Some(reason) => {
                let denied = seen.denied.entry(reason.name()).or_default();
                denied.calls += 1;
                if denied.decision_ids.len() < SAMPLES_MAX {
                    denied.decision_ids.push(id.to_owned());
                }
            }
        }
    }

    /// What the routes of this version have seen.
    pub(crate) fn of(&self, tenant: &TenantId, version: u64) -> Report {
        let report = self.reports().get(tenant).filter(|report| report.version == version).cloned();
        report.unwrap_or(Report { version, routes: BTreeMap::new() })
    }

    /// Forgets a tenant's.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.reports().remove(tenant);
    }

    fn reports(&self) -> MutexGuard<'_, HashMap<TenantId, Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
