//! From what a caller asks of an answer's freshness to a state that it may be answered from.

mod inquiries;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chassis::{Context, Database, DatabaseError, TenantId};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::domain::consistency::Consistency;
use crate::domain::freshness::{Outlook, Sight, is_behind, outlook};
use crate::domain::revision::Revision;
use crate::domain::token::TokenKeys;
use crate::error::Error;
use crate::index::head_reads::HeadReads;
use crate::index::{Index, View};
use crate::recent::Recent;
use crate::store::{self, turn};
use inquiries::Inquiries;

/// How long before the deadline waiting ends, so that the caller is told why.
const ANSWER_MARGIN: Duration = Duration::from_millis(25);

/// Of how many tenants the newest token is remembered.
const TENANTS_SEALED_MAX: usize = 1_024;

/// Finds states that are fresh enough.
#[derive(Debug)]
pub(crate) struct Freshness {
    database: Database,
    index: Arc<Index>,
    tokens: TokenKeys,
    /// The newest tokens: many answers have the same.
    sealed: Recent<TenantId, Revision, String>,
    head_reads: Arc<HeadReads<Result<Revision, Arc<DatabaseError>>>>,
    inquiries: Inquiries,
}

impl Freshness {
    pub(crate) fn new(database: Database, index: Arc<Index>, tokens: TokenKeys) -> Self {
        let inquiries = Inquiries::new(database.clone(), Arc::clone(&index));
        let sealed = Recent::new(TENANTS_SEALED_MAX);
        Self { database, index, tokens, sealed, head_reads: Arc::new(HeadReads::new()), inquiries }
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
                self.at_least(context, &revision).await
            }
            Consistency::AtExactSnapshot(token) => {
                let revision = self.open(tenant, token)?;
                self.at_least(context, &revision).await?;
                self.index.view_at(tenant, &revision).ok_or(Error::RevisionCollected)
            }
            Consistency::FullyConsistent => Box::pin(self.at_head(context)).await,
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
                Ok((self.at_least(context, &revision).await?, revision))
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
        let seal = || Ok::<_, Infallible>((tenant.clone(), self.tokens.seal(tenant, revision)));
        let Ok(token) = self.sealed.get_or(tenant.as_str(), *revision, |of| of == tenant, seal);
        token
    }

    /// What this replica has applied.
    pub(crate) fn now(&self, tenant: &TenantId) -> Result<View, Error> {
        self.index.view(tenant).ok_or(Error::NotReady)
    }

    /// A state that has everything that was there at a revision. Nearly always that is so of what is applied.
    async fn at_least(&self, context: &Context, revision: &Revision) -> Result<View, Error> {
        match self.index.look(context.tenant(), revision) {
            Some((Sight::Covered, view)) => Ok(view),
            Some((Sight::Beyond | Sight::Contradicted | Sight::Unknown, _)) | None => {
                Box::pin(self.at_least_in_time(context, revision)).await
            }
        }
    }

    async fn at_least_in_time(&self, context: &Context, revision: &Revision) -> Result<View, Error> {
        loop {
            let (sight, view) = self.look(context, revision).await?;
            match sight {
                Sight::Covered => return Ok(view),
                Sight::Beyond => {}
                Sight::Contradicted => return Err(self.lost()),
                Sight::Unknown => return Err(Error::ReplicaBehind),
            }
            // Of another epoch, or ahead of what is applied: the head says whether there is anything to wait for.
            match outlook(revision, &self.head(context).await?) {
                Outlook::Comes => {}
                Outlook::Lost => return Err(self.lost()),
            }
            self.wait(context, revision, |sight| sight != Sight::Beyond, view.revision.epoch).await?;
        }
    }

    /// A state that has everything that is committed, and nothing that the database had lost when the call came.
    async fn at_head(&self, context: &Context) -> Result<View, Error> {
        loop {
            let before = self.now(context.tenant())?.revision;
            let head = self.head(context).await?;
            let (sight, view) = self.look(context, &head).await?;
            match sight {
                Sight::Covered if !is_behind(&head, &before) => return Ok(view),
                // What has lost writes is not answered from: who follows the log finds out, and begins another epoch.
                Sight::Covered | Sight::Contradicted => self.wait(context, &head, |_| false, before.epoch).await?,
                Sight::Unknown => return Err(Error::ReplicaBehind),
                Sight::Beyond => {
                    self.wait(context, &head, |sight| sight != Sight::Beyond, before.epoch).await?;
                    // Not read again, or who writes all the time would never be caught up with.
                    if let Some((Sight::Covered, view)) = self.index.look(context.tenant(), &head) {
                        return Ok(view);
                    }
                }
            }
        }
    }

    /// What this replica makes of a revision, and the state that it sees. It asks the database about one of before it began
    /// to follow.
    async fn look(&self, context: &Context, revision: &Revision) -> Result<(Sight, View), Error> {
        let tenant = context.tenant();
        let seen = self.index.look(tenant, revision).ok_or(Error::NotReady)?;
        match seen.0 {
            Sight::Covered | Sight::Beyond | Sight::Contradicted => return Ok(seen),
            Sight::Unknown => head_in_time(context, self.inquiries.ask(revision.number)).await?,
        }
        self.index.look(tenant, revision).ok_or(Error::NotReady)
    }

    /// Waits until this replica makes of a revision what is wanted, or has begun another epoch than the one that was seen.
    async fn wait(
        &self,
        context: &Context,
        revision: &Revision,
        wanted: impl Fn(Sight) -> bool,
        seen: Uuid,
    ) -> Result<(), Error> {
        self.index.wake();
        let waited = self.index.wait(revision, wanted, seen, answer_by(context)).await;
        if waited { Ok(()) } else { Err(Error::ReplicaBehind) }
    }

    /// A revision is of another history than what is applied, or than the database's. If it is this replica that has lost
    /// writes, it is to find out now.
    fn lost(&self) -> Error {
        self.index.wake();
        Error::TokenLost
    }

    async fn head(&self, context: &Context) -> Result<Revision, Error> {
        let (database, head_reads) = (self.database.clone(), Arc::clone(&self.head_reads));
        let reads = async move {
            let read =
                || async { store::head::read(&database).await.map(|head| head.point.revision()).map_err(Arc::new) };
            head_reads.read(read).await
        };
        head_in_time(context, self.database.serving(reads)).await
    }
}

/// When a call must have come to something, so that its caller is told why it did not succeed.
pub(crate) fn answer_by(context: &Context) -> Instant {
    context.deadline.checked_sub(ANSWER_MARGIN).unwrap_or_else(Instant::now)
}

/// What a read for several calls comes to, each by its own deadline: whoever came before may have more time than this one.
async fn head_in_time<T>(
    context: &Context,
    reads: impl Future<Output = Result<T, Arc<DatabaseError>>>,
) -> Result<T, Error> {
    timeout_at(answer_by(context), reads).await.unwrap_or_else(|_| Err(Arc::new(turn::late()))).map_err(Error::Head)
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
