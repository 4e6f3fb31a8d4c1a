//! From what a caller asks of an answer's freshness to a state that it may be answered from.

use std::sync::Arc;
use std::time::Duration;

use chassis::{Context, Database, DatabaseError, TenantId};
use tokio::time::{Instant, timeout_at};

use crate::domain::consistency::Consistency;
use crate::domain::freshness::{Outlook, outlook};
use crate::domain::revision::Revision;
use crate::domain::token::TokenKeys;
use crate::error::Error;
use crate::index::head_reads::HeadReads;
use crate::index::{Index, View};
use crate::store::{self, turn};

/// How long before the deadline waiting ends, so that the caller is told why.
const ANSWER_MARGIN: Duration = Duration::from_millis(25);

/// Finds states that are fresh enough.
#[derive(Debug)]
pub(crate) struct Freshness {
    database: Database,
    index: Arc<Index>,
    tokens: TokenKeys,
    head_reads: HeadReads<Result<Revision, Arc<DatabaseError>>>,
}

impl Freshness {
    pub(crate) fn new(database: Database, index: Arc<Index>, tokens: TokenKeys) -> Self {
        Self { database, index, tokens, head_reads: HeadReads::new() }
    }

    /// The call's tenant in a state that is fresh enough.
    ///
    /// # Errors
    /// The token's own faults, or that this replica did not get there in time.
    pub(crate) async fn view(&self, context: &Context, consistency: &Consistency) -> Result<View, Error> {
        let tenant = context.tenant();
        match consistency {
            Consistency::MinimizeLatency => self.now(tenant),
            Consistency::AtLeastAsFresh(token) => {
                let revision = self.open(tenant, token)?;
                self.at_least(context, revision).await
            }
            Consistency::AtExactSnapshot(token) => {
                let revision = self.open(tenant, token)?;
                self.at_least(context, revision).await?;
                self.index.view_at(tenant, &revision).ok_or(Error::RevisionCollected)
            }
            Consistency::FullyConsistent => {
                let head = self.head(context).await?;
                self.reached(context, head).await
            }
        }
    }

    /// The revision to read at what is stored, which goes back further than memory, and the call's tenant in a state that is
    /// at least as fresh.
    ///
    /// # Errors
    /// As [`Freshness::view`]. Whether the revision is still stored is seen when it is read.
    pub(crate) async fn stored(&self, context: &Context, consistency: Consistency) -> Result<(View, Revision), Error> {
        match consistency {
            Consistency::AtExactSnapshot(token) => {
                let revision = self.open(context.tenant(), &token)?;
                Ok((self.at_least(context, revision).await?, revision))
            }
            Consistency::MinimizeLatency | Consistency::AtLeastAsFresh(_) | Consistency::FullyConsistent => {
                let view = self.view(context, &consistency).await?;
                let revision = view.revision;
                Ok((view, revision))
            }
        }
    }

    /// The revision in a token of the tenant's.
    fn open(&self, tenant: &TenantId, token: &str) -> Result<Revision, Error> {
        self.tokens.open(tenant, token).ok_or(Error::TokenInvalid)
    }

    /// The token of a revision.
    pub(crate) fn token(&self, tenant: &TenantId, revision: &Revision) -> String {
        self.tokens.seal(tenant, revision)
    }

    /// What this replica has applied.
    pub(crate) fn now(&self, tenant: &TenantId) -> Result<View, Error> {
        self.index.view(tenant).ok_or(Error::NotReady)
    }

    async fn at_least(&self, context: &Context, revision: Revision) -> Result<View, Error> {
        let view = self.now(context.tenant())?;
        if view.revision.covers(&revision) {
            return Ok(view);
        }
        // Of another epoch, or ahead of what is applied: the head says, once, whether there is anything to wait for.
        let head = self.head(context).await?;
        match outlook(&revision, &head) {
            Outlook::Comes => self.reached(context, revision).await,
            Outlook::Lost => Err(Error::TokenLost),
            Outlook::Invalid => Err(Error::TokenInvalid),
        }
    }

    async fn reached(&self, context: &Context, revision: Revision) -> Result<View, Error> {
        self.now(context.tenant())?;
        self.index.wake();
        if !self.index.reach(&revision, answer_by(context)).await {
            return Err(Error::ReplicaBehind);
        }
        let view = self.now(context.tenant())?;
        // Only a restore in this very moment takes back what was reached.
        if view.revision.covers(&revision) { Ok(view) } else { Err(Error::ReplicaBehind) }
    }

    async fn head(&self, context: &Context) -> Result<Revision, Error> {
        let read =
            || async { store::head::read(&self.database).await.map(|head| head.point.revision).map_err(Arc::new) };
        // Each by its own deadline: whoever came before may have more time than this one.
        let head = timeout_at(answer_by(context), self.head_reads.read(read)).await;
        head.unwrap_or_else(|_| Err(Arc::new(turn::late()))).map_err(Error::Head)
    }
}

/// When a call must have come to something, so that its caller is told why it did not succeed.
pub(crate) fn answer_by(context: &Context) -> Instant {
    context.deadline.checked_sub(ANSWER_MARGIN).unwrap_or_else(Instant::now)
}

/// What the database answers, unless it does not in time.
///
/// # Errors
/// The database's, or that it cannot be reached.
pub(crate) async fn in_time<T>(
    context: &Context,
    asks: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    timeout_at(answer_by(context), asks).await.unwrap_or_else(|_| Err(turn::late()))
}
