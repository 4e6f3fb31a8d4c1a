//! Decides, for this service's own mesh RPCs, whether a caller with an access token has the permission.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use chassis::auth::{Authority, AuthorityUnavailable};
use chassis::{Subject, TenantId};
use graph::Answer;
use uuid::Uuid;

use crate::domain::system;
use crate::index::evaluator::Evaluator;
use crate::index::{Index, View};
use crate::recent::Recent;

/// How many decisions are remembered.
const DECISIONS_MAX: usize = 4_096;

/// Decides from the system namespace as this replica has applied it.
#[derive(Debug)]
pub(crate) struct SystemNamespace {
    index: Arc<Index>,
    evaluator: Evaluator,
    /// Of the epoch and the last revision that is about the system namespace: the next one that is ends them all.
    decided: Recent<(TenantId, Subject, String), (Uuid, u64), bool>,
}

impl Authority for SystemNamespace {
    fn holds(
        &self,
        tenant: &TenantId,
        subject: &Subject,
        permission: &str,
    ) -> Pin<Box<dyn Future<Output = Result<bool, AuthorityUnavailable>> + Send + '_>> {
        Box::pin(ready(self.decide(tenant, subject, permission)))
    }
}

impl SystemNamespace {
    pub(crate) fn new(index: Arc<Index>, evaluator: Evaluator) -> Self {
        Self { index, evaluator, decided: Recent::new(DECISIONS_MAX) }
    }

    fn decide(&self, tenant: &TenantId, subject: &Subject, permission: &str) -> Result<bool, AuthorityUnavailable> {
        let view = self.index.view(&TenantId::system()).ok_or(AuthorityUnavailable)?;
        self.decided.get_or(
            &(tenant, subject, permission),
            (view.revision.epoch, view.snapshot.revision()),
            |(of, who, what)| of == tenant && who == subject && what == permission,
            || {
                Ok((
                    (tenant.clone(), subject.clone(), permission.to_owned()),
                    self.work_out(&view, tenant, subject, permission)?,
                ))
            },
        )
    }

    fn work_out(
        &self,
        view: &View,
        tenant: &TenantId,
        subject: &Subject,
        permission: &str,
    ) -> Result<bool, AuthorityUnavailable> {
        // A permission that nobody can have is one that this subject does not have.
        let Some(question) = system::question(tenant, subject, permission) else { return Ok(false) };
        match self.evaluator.on_the_spot(view, &question) {
            Some(Ok(Answer::Has)) => Ok(true),
            Some(Ok(Answer::No)) => Ok(false),
            Some(Err(error)) => {
                tracing::error!(%error, permission, "the system namespace has no answer");
                Err(AuthorityUnavailable)
            }
            // The system namespace has no nesting, so a few steps are always enough.
            None => Err(AuthorityUnavailable),
        }
    }
}
