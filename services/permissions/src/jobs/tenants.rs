//! Takes in the tenants that identity's feed tells of: each begins with its first administrator.

use std::sync::{Arc, Mutex, PoisonError};

use chassis::clock::SharedClock;
use chassis::feed::{self, Follower, Position};
use chassis::{AuditEvent, Database, Subject, TenantId, UnitOfWork, deletion, timestamp};
use contract::identity::v1::{Event, TenantCreated, TenantDeleted, event};

use crate::domain::system;
use crate::error::Error;
use crate::index::Index;
use crate::store::relationships;
use crate::store::turn::Turn;

/// The name of the feed in this service's own table of positions.
const FEED: &str = "identity";

/// The action of the audit event.
const ACTION: &str = "permissions.tenant.founded";

/// The action of the audit event of a deletion.
const DELETION: &str = "permissions.tenant.deletion_begun";

/// What identity's feed tells of tenants.
enum Change {
    Created(TenantCreated),
    Deleted(TenantDeleted),
}

/// Follows identity's feed.
#[derive(Debug)]
pub(crate) struct Tenants {
    pub(crate) database: Database,
    pub(crate) clock: SharedClock,
    pub(crate) index: Arc<Index>,
}

impl Tenants {
    /// Follows for as long as the service runs.
    pub(crate) async fn run(self, follower: Follower) {
        let this = Arc::new(self);
        // Where the database says that this service stands; read again only for what lies behind it.
        let stored = Arc::new(Mutex::new(Position::default()));
        follower
            .run(|position, event| {
                let (this, stored) = (Arc::clone(&this), Arc::clone(&stored));
                async move {
                    let Some(change) = Change::of(event) else { return Ok(()) };
                    let known = stored.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    if covers(&known, &position) {
                        return Ok(());
                    }
                    let known = feed::position(&this.database, FEED).await?;
                    if !covers(&known, &position) {
                        match &change {
                            Change::Created(created) => this.take_in(&position, created).await?,
                            Change::Deleted(deleted) => this.begin_deletion(&position, deleted).await?,
                        }
                    }
                    *stored.lock().unwrap_or_else(PoisonError::into_inner) = known;
                    Ok::<(), Error>(())
                }
            })
            .await;
    }

    /// Gives a new tenant its first administrator, and notes that the event was taken in, in one transaction.
    async fn take_in(&self, position: &Position, created: &TenantCreated) -> Result<(), Error> {
        let (tenant, administrator) = match parse(created) {
            Ok(parsed) => parsed,
            Err(problem) => {
                // Trying again would not help, and would hold up every event after it.
                tracing::error!(problem, number = position.number, "a tenant of identity's cannot be read: left out");
                return Ok(());
            }
        };
        let now = self.clock.now();
        let mut work = UnitOfWork::begin(&self.database, now).await?;
        let mut turn = Turn::wait(work.connection()).await?;
        // Identity's feed begins again when its database is restored. A tenant that was taken in before keeps the
        // administrators that it has now: giving back a role that was revoked would be nobody's decision.
        let system = TenantId::system();
        let membership = system::membership(&tenant);
        let known = relationships::present(turn.connection(), &[(&system, &membership)]).await?;
        let is_deleted = deletion::is_begun(turn.connection(), &tenant).await?;
        if known.is_empty() && !is_deleted {
            turn.update(&system, system::founding(&tenant, &administrator, created.administers_system)).await?;
        }
        if !feed::advance(work.connection(), FEED, position).await? {
            // Another replica was faster; the dropped transaction changes nothing.
            return Ok(());
        }
        work.commit(AuditEvent::of_service(ACTION, "permissions", tenant.as_str(), format!("tenant:{tenant}"), now))
            .await?;
        self.index.wake();
        Ok(())
    }
}

impl Tenants {
    /// Notes that what is known of a tenant is to go, and that the event was taken in, in one transaction.
    async fn begin_deletion(&self, position: &Position, deleted: &TenantDeleted) -> Result<(), Error> {
        let now = self.clock.now();
        let Ok(tenant) = deleted.tenant_id.parse::<TenantId>() else {
            tracing::error!(number = position.number, "a deleted tenant of identity's cannot be read: left out");
            return Ok(());
        };
        let asked_at = deleted.asked_at.as_ref().and_then(timestamp::from_proto).unwrap_or(now);
        let mut work = UnitOfWork::begin(&self.database, now).await?;
        deletion::begin(work.connection(), &tenant, asked_at, now).await?;
        if !feed::advance(work.connection(), FEED, position).await? {
            return Ok(());
        }
        let object = format!("tenant:{tenant}");
        Ok(work.commit(AuditEvent::of_service(DELETION, "permissions", tenant.as_str(), object, now)).await?)
    }
}

impl Change {
    fn of(event: Event) -> Option<Self> {
        match event.event? {
            event::Event::TenantCreated(created) => Some(Self::Created(created)),
            event::Event::TenantDeleted(deleted) => Some(Self::Deleted(deleted)),
            event::Event::KeyPublished(_)
            | event::Event::ApiKeyCreated(_)
            | event::Event::ApiKeyRevoked(_)
            | event::Event::WorkloadBound(_)
            | event::Event::WorkloadUnbound(_)
            | event::Event::ClientCredentialRevoked(_)
            | event::Event::AccessTokenRevoked(_) => None,
        }
    }
}

/// Whether whoever stands at `known` has taken in what is at `position`.
fn covers(known: &Position, position: &Position) -> bool {
    known.epoch == position.epoch && known.number >= position.number
}

fn parse(created: &TenantCreated) -> Result<(TenantId, Subject), String> {
    let tenant: TenantId = created.tenant_id.parse().map_err(|error| format!("tenant_id: {error}"))?;
    if tenant.is_system() {
        return Err("tenant_id: is the reserved tenant".to_owned());
    }
    let administrator = Subject::from_proto(created.administrator.as_ref(), "administrator");
    Ok((tenant, administrator.map_err(|error| error.to_string())?))
}
