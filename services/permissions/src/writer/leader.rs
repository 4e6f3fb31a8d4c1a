//! The one who writes for all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use chassis::clock::SharedClock;
use chassis::error::chain;
use chassis::traces::Carried;
use chassis::{AuditEvent, Database, DatabaseError, TenantId, UnitOfWork};
use tokio::time::{Instant, timeout};

use super::Waiting;
use super::queue::Queue;
use crate::admission;
use crate::domain::freshness::Sight;
use crate::domain::write::{Change, Written};
use crate::error::Error;
use crate::index::evaluator::Evaluator;
use crate::index::tenant::CompiledSchema;
use crate::index::{Index, View};
use crate::store::relationships::Key;
use crate::store::turn::{self, Turn};

/// How many writes one transaction makes at most.
const GROUP_WRITES_MAX: usize = 256;

/// How many relationships of a tenant this replica may not have seen yet while its cap is far.
const ROOM_UNSEEN_MAX: usize = 20_000;

/// How long a write waits for this replica to see everything, when its tenant is close to the cap.
const CATCH_UP_MAX: Duration = Duration::from_secs(1);

/// The schemas in force of the tenants of a group.
type Schemas = HashMap<TenantId, Option<Arc<CompiledSchema>>>;

/// Each write of a group, in order: made, or its own error.
type Outcomes = Vec<Result<Written, Error>>;

/// Takes writes from the queue, in groups.
#[derive(Debug)]
pub(crate) struct Leader {
    pub(crate) database: Database,
    pub(crate) clock: SharedClock,
    pub(crate) index: Arc<Index>,
    pub(crate) evaluator: Evaluator,
    pub(crate) queue: Arc<Queue>,
    pub(crate) group_changes_max: usize,
    /// How long a group may take to be decided, and again to be committed: a connection that hangs must not hold up all writes.
    pub(crate) step_max: Duration,
    pub(crate) relationships_max: usize,
}

impl Leader {
    /// Writes until nobody is left who could ask for it.
    pub(crate) async fn run(self) {
        while let Some(first) = self.queue.next().await {
            let mut group = Vec::new();
            let (mut next, mut changes) = (Some(first), 0);
            while let Some(waiting) = next {
                if waiting.begin() {
                    changes += waiting.changes();
                    group.push(waiting);
                }
                let room = group.len() < GROUP_WRITES_MAX && changes < self.group_changes_max;
                next = if room { self.queue.try_next() } else { None };
            }
            self.write(group).await;
        }
    }

    async fn write(&self, group: Vec<Waiting>) {
        let traces: Vec<Carried> =
            group.iter().filter(|waiting| waiting.trace.is_some()).map(|waiting| waiting.trace.clone()).collect();
        Carried::within("write a group", &traces, self.write_or_each_alone(group)).await;
    }

    async fn write_or_each_alone(&self, group: Vec<Waiting>) {
        if let Err(group) = self.write_together(group).await {
            // The database refuses something of the group: each alone, so that only its own caller is told.
            for waiting in group {
                if let Err(alone) = self.write_together(vec![waiting]).await {
                    debug_assert!(alone.is_empty(), "a write that is alone is answered");
                }
            }
        }
    }

    /// Makes the writes of a group durable together, and answers each. Gives the group back, with nothing written, if the
    /// database refuses a statement and there is more than one who could be the cause.
    async fn write_together(&self, group: Vec<Waiting>) -> Result<(), Vec<Waiting>> {
        if group.is_empty() {
            return Ok(());
        }
        let decided = timeout(self.step_max, self.decide(&group)).await;
        let (work, outcomes) = match decided.unwrap_or_else(|_| Err(turn::late())) {
            Ok(decided) => decided,
            Err(DatabaseError::Unexpected(_)) if group.len() > 1 => return Err(group),
            Err(error) => {
                tracing::warn!(error = chain(&error), writes = group.len(), "a group of writes failed");
                let error = Arc::new(error);
                answer(group, || Err(Error::Batch(Arc::clone(&error))));
                return Ok(());
            }
        };
        let made =
            group.iter().zip(&outcomes).filter_map(|(waiting, outcome)| Some(event(waiting, outcome.as_ref().ok()?)));
        let events: Vec<AuditEvent> = made.collect();
        // If none is made there is nothing to commit.
        if !events.is_empty() {
            let committed =
                timeout(self.step_max, work.commit_all(&events)).await.unwrap_or_else(|_| Err(turn::late()));
            if let Err(error) = committed {
                tracing::error!(error = chain(&error), writes = group.len(), "a commit was not answered");
                let error = Arc::new(error);
                answer(group, || Err(Error::CommitUnknown(Some(Arc::clone(&error)))));
                return Ok(());
            }
            self.index.wake();
        }
        let mut outcomes = outcomes.into_iter();
        answer(group, || outcomes.next().expect("every write has an outcome"));
        Ok(())
    }

    /// Decides every write under the lock, and stores the rows of those that are made.
    async fn decide(&self, group: &[Waiting]) -> Result<(UnitOfWork, Outcomes), DatabaseError> {
        let mut work = UnitOfWork::begin(&self.database, self.clock.now()).await?;
        let mut turn = Turn::wait(work.connection()).await?;
        turn.load(&keys(group)).await?;
        let mut schemas = Schemas::new();
        let mut outcomes = Vec::with_capacity(group.len());
        for waiting in group {
            match self.decide_one(&mut turn, &mut schemas, waiting).await {
                Err(Error::Database(error)) => return Err(error),
                outcome => outcomes.push(outcome),
            }
        }
        turn.store().await?;
        Ok((work, outcomes))
    }

    /// By how many relationships a tenant may grow.
    ///
    /// What it has is read from memory, which may lag behind. Close to the cap it is waited for, so that the cap holds
    /// whatever a replica that lags less than [`ROOM_UNSEEN_MAX`] has not seen.
    async fn room(&self, turn: &Turn<'_>, tenant: &TenantId) -> Result<usize, Error> {
        let room = |view: &View| self.relationships_max.saturating_sub(view.snapshot.relationships());
        let view = self.index.view(tenant).ok_or(Error::NotReady)?;
        if room(&view) >= ROOM_UNSEEN_MAX {
            return Ok(room(&view));
        }
        self.index.wake();
        let (before, deadline) = (turn.begun_at(), Instant::now() + CATCH_UP_MAX);
        let is_covered = |sight| sight == Sight::Covered;
        self.index.wait(&before, is_covered, view.revision.epoch, deadline).await;
        match self.index.look(tenant, &before) {
            Some((Sight::Covered, view)) => Ok(room(&view)),
            Some((Sight::Beyond | Sight::Contradicted | Sight::Unknown, _)) | None => Err(Error::ReplicaBehind),
        }
    }

    async fn decide_one(
        &self,
        turn: &mut Turn<'_>,
        schemas: &mut Schemas,
        waiting: &Waiting,
    ) -> Result<Written, Error> {
        let Waiting { tenant, preconditions, change, .. } = waiting;
        if let Entry::Vacant(place) = schemas.entry(tenant.clone()) {
            let growth_max = self.room(turn, tenant).await?;
            turn.allow(tenant, growth_max);
            place.insert(turn.schema(tenant, &self.index, &self.evaluator).await?);
        }
        let schema = schemas.get(tenant).and_then(|schema| schema.as_deref()).map(|compiled| &*compiled.schema);
        for (index, precondition) in preconditions.iter().enumerate() {
            admission::known(schema, &precondition.filter)
                .map_err(|problem| Error::InPrecondition { index, problem: Box::new(problem) })?;
        }
        match change {
            Change::Updates(updates) => {
                admission::admit(schema, updates)?;
                turn.expect(tenant, preconditions).await?;
                Ok(Written { revision: turn.decide(tenant, updates)?, deleted: 0, partial: false })
            }
            Change::Deletion(deletion) => {
                admission::known(schema, &deletion.filter)?;
                turn.expect(tenant, preconditions).await?;
                turn.delete(tenant, deletion).await
            }
        }
    }
}

/// Every relationship that the writes of a group name.
fn keys(group: &[Waiting]) -> Vec<Key<'_>> {
    let mut keys = Vec::new();
    for waiting in group {
        if let Change::Updates(updates) = &waiting.change {
            keys.extend(updates.iter().map(|update| (&waiting.tenant, &update.relationship)));
        }
    }
    keys
}

fn event(waiting: &Waiting, written: &Written) -> AuditEvent {
    AuditEvent { object: format!("revision:{}", written.revision.number), ..waiting.event.clone() }
}

/// Tells each who waits. Whoever gave up meanwhile is not there to be told.
fn answer(group: Vec<Waiting>, mut outcome: impl FnMut() -> Result<Written, Error>) {
    for waiting in group {
        let _ = waiting.answer.send(outcome());
    }
}
