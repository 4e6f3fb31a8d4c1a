//! The write path: what every change of relationships or schemas has in common, within one transaction.
//!
//! The head is locked first, in a statement of its own; everything is read and decided under the lock, so that two writes
//! never decide on the same state, and the order of revisions is the order of commits.

use std::sync::Arc;

use chassis::{DatabaseError, TenantId};
use sqlx::PgConnection;

use super::{head, relationships, schemas};
use crate::domain::revision::Revision;
use crate::domain::update::{self, Update};
use crate::error::Error;
use crate::index::evaluator::Evaluator;
use crate::index::{CompiledSchema, Index};

/// A turn to write: the head is locked until the transaction ends.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    connection: &'a mut PgConnection,
    head: Revision,
}

impl<'a> Turn<'a> {
    /// Waits for the turn. Must be the transaction's first statement.
    pub(crate) async fn wait(connection: &'a mut PgConnection) -> Result<Self, DatabaseError> {
        let head = head::lock(&mut *connection).await?;
        Ok(Self { connection, head })
    }

    /// The connection, for what else must be read or written in the turn.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// The newest revision: what the turn began with, until it changes something.
    pub(crate) fn head(&self) -> Revision {
        self.head
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
        let view = index.view(tenant).filter(|view| view.revision.epoch == self.head.epoch);
        let known = view.and_then(|view| view.graph.schema.clone());
        if let Some(known) = known.filter(|known| known.revision == revision) {
            return Ok(Some(known));
        }
        let text = schemas::text(self.connection, tenant, revision).await?;
        let read = evaluator.read_schema(text).await;
        let schema = read.map_err(|problem| Error::StoredSchema { revision, problem })?;
        Ok(Some(Arc::new(CompiledSchema { revision, schema })))
    }

    /// Makes the changes; answers the revision that has them, which is a new one only if they change anything.
    pub(crate) async fn update(&mut self, tenant: &TenantId, updates: Vec<Update>) -> Result<Revision, Error> {
        let keys = updates.iter().map(|update| &update.relationship);
        let present = relationships::present(self.connection, tenant, keys).await?;
        let effect = match update::effect(&updates, &present) {
            Ok(effect) => effect,
            Err(index) => {
                let relationship = Box::new(updates[index].relationship.clone());
                return Err(Error::Exists { index, relationship });
            }
        };
        if effect.is_empty() {
            return Ok(self.head);
        }
        let next = self.head.number + 1;
        if !effect.added.is_empty() {
            relationships::insert(self.connection, tenant, next, &effect.added).await?;
        }
        if !effect.removed.is_empty() {
            relationships::delete(self.connection, tenant, next, &effect.removed).await?;
        }
        self.advance(next).await
    }

    /// Puts a schema in force; answers the revision that does.
    pub(crate) async fn replace_schema(&mut self, tenant: &TenantId, text: &str) -> Result<Revision, Error> {
        let next = self.head.number + 1;
        schemas::insert(self.connection, tenant, next, text).await?;
        self.advance(next).await
    }

    async fn advance(&mut self, to: u64) -> Result<Revision, Error> {
        head::advance(self.connection, to).await?;
        self.head.number = to;
        Ok(self.head)
    }
}
