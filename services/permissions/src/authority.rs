//! Decides, for this service's own mesh RPCs, whether a caller with an access token has the permission.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use chassis::auth::{Authority, AuthorityUnavailable};
use chassis::{Subject, TenantId};
use graph::Answer;

use crate::domain::system;
use crate::index::Index;
use crate::index::evaluator::Evaluator;

/// Decides from the system namespace as this replica has applied it.
#[derive(Debug)]
pub(crate) struct SystemNamespace {
    pub(crate) index: Arc<Index>,
    pub(crate) evaluator: Evaluator,
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
    fn decide(&self, tenant: &TenantId, subject: &Subject, permission: &str) -> Result<bool, AuthorityUnavailable> {
        let view = self.index.view(&TenantId::system()).ok_or(AuthorityUnavailable)?;
        // A permission that nobody can have is one that this subject does not have.
        let Some(question) = system::question(tenant, subject, permission) else { return Ok(false) };
        match self.evaluator.on_the_spot(&view, &question) {
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
