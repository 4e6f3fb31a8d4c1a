//! The engine that answers from memory: the same answers as the plain evaluator, fast, while the graph changes.
//!
//! One engine holds one tenant's graph. Object ids are numbers, given per type in the order of the ids' text. Most of the
//! graph lies in a **base**: for every kind of relationship (`document#viewer@group#member`) sorted arrays from resources
//! to subjects and back, which never change. What changed since lies in a **delta** of persistent maps, so each revision is
//! a [`Snapshot`] of its own that shares with its neighbours all but its own changes: readers pin one and never lock, and
//! whoever needs an exact older revision keeps its snapshot. [`Engine::merge`] folds the delta into a new base beside
//! readers and writers. A schema becomes a **plan** without names, in which expressions are jumps.
//!
//! # Columns to come
//!
//! A caveat or an expiry belongs to one entry of one row. Kinds of relationships whose schema allows either become kinds of
//! their own (a table's key takes a trait set), so that all others pay nothing. Such a table's `Rows` gets a column as long
//! as its entries, at the same index: the expiry in seconds as u32, the context's number as u32. The delta's overlay holds
//! the same two numbers as the value of its `added` map, which is the unit type until then, and a TOUCH that changes only
//! them is a removed entry and an added one. Groups over such tables are not `plain`, so they never enter the closure and
//! are walked when asked about.

mod base;
mod batch;
mod catalog;
mod closure;
mod delta;
mod errors;
mod evaluate;
mod file;
mod hash;
mod load;
mod loader;
mod memberships;
mod merge;
mod objects;
mod plain;
mod plan;
mod prefetch;
mod record;
mod rows;
mod snapshot;
mod stored;
mod trie;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use errors::{EngineError, EngineOptions, Memory};
pub use file::{FileError, FileReader, FileWriter, StoredTenant, limits as file_limits};
pub use loader::EngineLoader;
pub use snapshot::Snapshot;

use base::Base;
use catalog::Catalog;
use closure::Closure;
use plan::Plan;

use crate::relationship::Relationship;
use crate::relationships::Change;
use crate::schema::Schema;

/// A merge hands over what came meanwhile without the writers' lock until no more than this many revisions are left.
const HANDED_OVER_LOCKED_MAX: usize = 256;

/// One tenant's graph, followed along its log. Any number of threads may read, write and merge.
#[derive(Debug)]
pub struct Engine {
    current: ArcSwap<Snapshot>,
    /// What writers did since the merge under way began.
    meanwhile: Mutex<Option<Vec<(u64, Written)>>>,
    merging: Mutex<()>,
}

#[derive(Clone, Debug)]
enum Written {
    Changes(Vec<Change>),
    Schema(Arc<Schema>),
}

impl Engine {
    /// An engine that holds the relationships, as of a revision. Each should come once; a repetition counts against the
    /// cap and has no other effect.
    ///
    /// # Errors
    ///
    /// [`EngineError::TooManyIds`] and [`EngineError::TooManyRelationships`].
    pub fn load(
        options: EngineOptions,
        revision: u64,
        schema: Arc<Schema>,
        relationships: impl IntoIterator<Item = Relationship>,
    ) -> Result<Self, EngineError> {
        let mut loader = EngineLoader::new(options, schema);
        for relationship in relationships {
            loader.add(&relationship)?;
        }
        Ok(loader.finish(revision))
    }

    /// The engine of a base that lacks nothing but its closure, under a schema that the catalog has admitted.
    fn of(options: EngineOptions, revision: u64, schema: Arc<Schema>, catalog: Catalog, mut base: Base) -> Self {
        let plan = Plan::of(schema, &catalog);
        base.closure = Closure::of(&base, &plan);
        let first = Snapshot::new(options, revision, Arc::new(plan), Arc::new(catalog), Arc::new(base));
        let current = ArcSwap::from_pointee(first);
        Self { current, meanwhile: Mutex::new(None), merging: Mutex::new(()) }
    }

    /// The graph as of the last revision applied. It takes no lock; drop it to let go of what it holds.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Applies everything that a revision changed, in order. Revisions may leave gaps. Costs a few microseconds a change.
    ///
    /// # Errors
    ///
    /// A revision that does not come after the last, or a cap that would be passed. Nothing is changed then.
    pub fn apply(&self, revision: u64, changes: impl IntoIterator<Item = Change>) -> Result<(), EngineError> {
        self.write(revision, Written::Changes(changes.into_iter().collect()))
    }

    /// Puts another schema in force. What is stored stays; what the schema does not admit is walked past.
    ///
    /// # Errors
    ///
    /// A revision that does not come after the last.
    pub fn set_schema(&self, revision: u64, schema: Arc<Schema>) -> Result<(), EngineError> {
        self.write(revision, Written::Schema(schema))
    }

    fn write(&self, revision: u64, written: Written) -> Result<(), EngineError> {
        let mut meanwhile = self.lock();
        let next = written.applied_to(&self.current.load(), revision)?;
        if let Some(meanwhile) = &mut *meanwhile {
            meanwhile.push((revision, written));
        }
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Folds the delta into a new base, and hands over what was written meanwhile. Readers never wait for it; writers
    /// wait while the last of that is handed over. It takes seconds for ten million relationships, so give it a thread of
    /// its own. A second merge waits for the first.
    pub fn merge(&self) {
        let _alone = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let old = {
            let mut meanwhile = self.lock();
            *meanwhile = Some(Vec::new());
            self.current.load_full()
        };
        let base = Arc::new(merge::merged(&old));
        let (plan, catalog) = (Arc::clone(&old.plan), Arc::clone(&old.catalog));
        let mut next = Snapshot::new(old.options, old.revision, plan, catalog, base);
        drop(old);
        loop {
            let mut meanwhile = self.lock();
            let written = meanwhile.replace(Vec::new()).unwrap_or_default();
            let is_last = written.len() <= HANDED_OVER_LOCKED_MAX;
            let mut held = Some(meanwhile);
            if !is_last {
                held = None;
            }
            for (revision, written) in written {
                next = written.applied_to(&next, revision).expect("what was applied once can be applied again");
            }
            if let Some(mut meanwhile) = held {
                *meanwhile = None;
                self.current.store(Arc::new(next));
                return;
            }
        }
    }

    /// A writer that panicked left the list as it was before, so the lock is as good as before.
    fn lock(&self) -> MutexGuard<'_, Option<Vec<(u64, Written)>>> {
        self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn applied_to(&self, snapshot: &Snapshot, revision: u64) -> Result<Snapshot, EngineError> {
        match self {
            Written::Changes(changes) => snapshot.changed(revision, changes),
            Written::Schema(schema) => snapshot.under(revision, Arc::clone(schema)),
        }
    }
}
