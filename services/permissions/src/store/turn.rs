//! The write path: what every change of relationships or schemas has in common, within one transaction.
//!
//! The head is locked first, in a statement of its own; everything is read and decided under the lock, so that two writes
//! never decide on the same state, and the order of revisions is the order of commits.

use std::sync::Arc;

use chassis::{DatabaseError, TenantId};
use sqlx::PgConnection;

use super::relationships::Key;
use super::{head, pages, relationships, schemas};
use crate::domain::ledger::{Ledger, UpdateRefused};
use crate::domain::revision::{Point, Revision};
use crate::domain::update::Update;
use crate::domain::write::{Deletion, Expectation, Precondition, Written};
use crate::error::Error;
use crate::index::Index;
use crate::index::evaluator::Evaluator;
use crate::index::tenant::CompiledSchema;

/// How many preconditions one statement looks at: it is planned anew each time, and planning grows with them.
const PRECONDITIONS_IN_A_STATEMENT: usize = 50;

/// What a turn comes to that its database does not answer in time.
pub(crate) fn late() -> DatabaseError {
    DatabaseError::Unavailable(sqlx::Error::PoolTimedOut)
}

/// A turn to write: the head is locked until the transaction ends.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    connection: &'a mut PgConnection,
    ledger: Ledger,
    /// Where the head stood before this turn.
    begun_at: Point,
    /// The revision that the head has in this transaction.
    stored: u64,
}

impl<'a> Turn<'a> {
    /// Waits for the turn. Must be the transaction's first statement.
    pub(crate) async fn wait(connection: &'a mut PgConnection) -> Result<Self, DatabaseError> {
        let head = head::lock(&mut *connection).await?;
        Ok(Self { connection, ledger: Ledger::new(head.number, head.digest), begun_at: head, stored: head.number })
    }

    /// The connection, for what else must be read or written in the turn.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// The newest revision: what the turn began with, until it changes something.
    pub(crate) fn head(&self) -> Revision {
        let (number, digest) = (self.ledger.revision(), self.ledger.digest());
        Point { epoch: self.begun_at.epoch, number, digest }.revision()
    }

    /// The schema in force, which nobody else can change before the turn ends.
    pub(crate) async fn schema(
        &mut self,
        tenant: &TenantId,
        index: &Index,
        evaluator: &Evaluator,
    ) -> Result<Option<Arc<CompiledSchema>>, Error> {
        let Some(revision) = schemas::revision_in_force(self.connection, tenant).await? else { return Ok(None) };
        // Nearly always it is the one that this replica answers by, which was read already.
        let view = index.view(tenant).filter(|view| view.revision.epoch == self.begun_at.epoch);
        let known = view.and_then(|_| index.schema(tenant));
        if let Some(known) = known.filter(|known| known.revision == revision) {
            return Ok(Some(known));
        }
        let text = schemas::text(self.connection, tenant, revision).await?;
        let read = evaluator.read_schema(tenant, text).await;
        let schema = read.map_err(|problem| Error::StoredSchema { revision, problem })?;
        Ok(Some(Arc::new(CompiledSchema { revision, schema: Arc::new(schema) })))
    }

    /// Looks up which of the relationships are there, so that changes to them can be decided.
    pub(crate) async fn load(&mut self, keys: &[Key<'_>]) -> Result<(), DatabaseError> {
        if keys.is_empty() {
            return Ok(());
        }
        for place in relationships::present(self.connection, keys).await? {
            if let Some((tenant, relationship)) = keys.get(place) {
                self.ledger.learn(tenant, (*relationship).clone());
            }
        }
        Ok(())
    }

    /// Says by how many relationships a tenant may grow in this turn.
    pub(crate) fn allow(&mut self, tenant: &TenantId, growth_max: usize) {
        self.ledger.allow(tenant, growth_max);
    }

    /// The newest revision that is committed.
    pub(crate) fn begun_at(&self) -> Revision {
        self.begun_at.revision()
    }

    /// Decides changes to relationships that were looked up; answers the revision that has them, which is a new one only
    /// if they change anything.
    pub(crate) fn decide(&mut self, tenant: &TenantId, updates: &[Update]) -> Result<Revision, Error> {
        match self.ledger.update(tenant, updates) {
            Ok(_) => Ok(self.head()),
            Err(UpdateRefused::Exists(index)) => {
                let relationship = Box::new(updates[index].relationship.clone());
                Err(Error::Exists { index, relationship })
            }
            Err(UpdateRefused::NoRoom) => Err(Error::TenantFull),
        }
    }

    /// Whether all preconditions hold after everything that was decided in this turn.
    pub(crate) async fn expect(&mut self, tenant: &TenantId, preconditions: &[Precondition]) -> Result<(), Error> {
        if preconditions.is_empty() {
            return Ok(());
        }
        self.store().await?;
        for (chunk, preconditions) in preconditions.chunks(PRECONDITIONS_IN_A_STATEMENT).enumerate() {
            let filters = preconditions.iter().map(|precondition| &precondition.filter);
            let matches = pages::any(self.connection, tenant, filters).await?;
            for (place, (Precondition { expectation, .. }, any)) in preconditions.iter().zip(matches).enumerate() {
                if any != (*expectation == Expectation::MustExist) {
                    let index = chunk * PRECONDITIONS_IN_A_STATEMENT + place;
                    return Err(Error::PreconditionFailed { index, expectation: *expectation });
                }
            }
        }
        Ok(())
    }

    /// Decides the deletion of what a filter matches after everything that was decided in this turn.
    pub(crate) async fn delete(&mut self, tenant: &TenantId, deletion: &Deletion) -> Result<Written, Error> {
        self.store().await?;
        let Deletion { filter, limit, allow_partial } = deletion;
        let mut found = pages::find(self.connection, tenant, filter, i64::from(*limit) + 1).await?;
        let partial = found.len() > *limit as usize;
        if partial && !allow_partial {
            return Err(Error::MatchesMore { limit: *limit });
        }
        found.truncate(*limit as usize);
        for relationship in &found {
            self.ledger.learn(tenant, relationship.clone());
        }
        let updates: Vec<Update> = found.into_iter().map(Update::delete).collect();
        let deleted = u32::try_from(updates.len()).unwrap_or(u32::MAX);
        Ok(Written { revision: self.decide(tenant, &updates)?, deleted, partial })
    }

    /// Writes the rows of everything that was decided.
    pub(crate) async fn store(&mut self) -> Result<(), DatabaseError> {
        let (added, removed) = self.ledger.take_rows();
        // What a turn ends and begins again is there once at any time.
        if !removed.is_empty() {
            relationships::delete(self.connection, &removed).await?;
        }
        if !added.is_empty() {
            relationships::insert(self.connection, &added).await?;
        }
        if self.ledger.revision() > self.stored {
            head::advance(self.connection, self.ledger.revision(), self.ledger.digest()).await?;
            self.stored = self.ledger.revision();
        }
        Ok(())
    }

    /// Makes one caller's changes; answers the revision that has them.
    pub(crate) async fn update(&mut self, tenant: &TenantId, updates: Vec<Update>) -> Result<Revision, Error> {
        let keys: Vec<Key<'_>> = updates.iter().map(|update| (tenant, &update.relationship)).collect();
        self.load(&keys).await?;
        let revision = self.decide(tenant, &updates)?;
        self.store().await?;
        Ok(revision)
    }

    /// Puts a schema in force; answers the revision that does.
    pub(crate) async fn replace_schema(&mut self, tenant: &TenantId, text: &str) -> Result<Revision, Error> {
        let next = self.ledger.replace_schema(tenant, text);
        schemas::insert(self.connection, tenant, next, text).await?;
        self.store().await?;
        Ok(self.head())
    }
}
