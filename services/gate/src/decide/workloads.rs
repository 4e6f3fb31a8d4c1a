//! Which workload acts as which service account, as identity's feed tells it. Nobody is asked: what the feed has not told, is not so.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chassis::{Subject, TenantId};
use contract::identity::v1::{WorkloadBound, WorkloadUnbound};

use crate::domain::caller::{Caller, CredentialKind, Scopes, Who};

/// How many workloads are known. Those beyond are nobody.
const WORKLOADS_MAX: usize = 100_000;

/// Workloads, by the name in their certificates.
#[derive(Debug, Default)]
pub(crate) struct Workloads(RwLock<HashMap<String, Caller>>);

impl Workloads {
    /// A workload acts as a service account. What cannot be read is bound to nobody.
    pub(crate) fn bound(&self, event: WorkloadBound) {
        let spiffe_id = event.spiffe_id.clone();
        let Some(caller) = caller(event) else {
            tracing::error!(spiffe_id, "a workload's binding cannot be read: ignored");
            return;
        };
        let mut workloads = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if workloads.len() >= WORKLOADS_MAX {
            tracing::error!(spiffe_id, workloads_max = WORKLOADS_MAX, "too many workloads are bound: ignored");
            return;
        }
        workloads.insert(spiffe_id, caller);
    }

    /// A workload acts as nobody any more.
    pub(crate) fn unbound(&self, event: &WorkloadUnbound) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&event.spiffe_id);
    }

    /// Identity tells everything anew.
    pub(crate) fn forget_all(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Who has certificates with this name.
    pub(crate) fn find(&self, spiffe_id: &str) -> Option<Caller> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(spiffe_id).cloned()
    }

    /// Whether somebody has.
    pub(crate) fn know(&self, spiffe_id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(spiffe_id)
    }
}

fn caller(event: WorkloadBound) -> Option<Caller> {
    let tenant: TenantId = event.tenant_id.parse().ok().filter(|tenant: &TenantId| !tenant.is_system())?;
    let subject = Subject::from_proto(event.subject.as_ref(), "subject").ok()?;
    Some(Caller {
        who: Who { tenant, subject, scopes: Scopes::These(event.scopes) },
        kind: CredentialKind::ClientCertificate,
        credential_id: event.spiffe_id,
        // Envoy has looked at the certificate's own end.
        ends_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(spiffe_id: &str, tenant: &str) -> WorkloadBound {
        let subject: Subject = "service_account:ci".parse().unwrap();
        WorkloadBound {
            spiffe_id: spiffe_id.to_owned(),
            tenant_id: tenant.to_owned(),
            subject: Some(subject.to_proto()),
            scopes: Vec::new(),
        }
    }

    #[test]
    fn a_workload_is_who_it_was_bound_to_last() {
        let workloads = Workloads::default();
        workloads.bound(bound("spiffe://td/a", "acme"));
        assert_eq!(workloads.find("spiffe://td/a").unwrap().who.tenant.as_str(), "acme");
        workloads.unbound(&WorkloadUnbound { spiffe_id: "spiffe://td/a".to_owned() });
        assert!(!workloads.know("spiffe://td/a"));
        workloads.bound(bound("spiffe://td/a", "globex"));
        assert_eq!(workloads.find("spiffe://td/a").unwrap().who.tenant.as_str(), "globex");
        workloads.forget_all();
        assert!(!workloads.know("spiffe://td/a"));
    }

    #[test]
    fn a_binding_that_cannot_be_read_binds_nobody() {
        let workloads = Workloads::default();
        workloads.bound(bound("spiffe://td/a", "system"));
        workloads.bound(WorkloadBound { subject: None, ..bound("spiffe://td/b", "acme") });
        assert!(!workloads.know("spiffe://td/a") && !workloads.know("spiffe://td/b"));
    }
}
