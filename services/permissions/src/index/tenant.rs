//! One tenant's graph and schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use graph::{Engine, EngineOptions, Schema, Snapshot};

use super::{Deed, no_schema};

/// A schema that was read and checked, and the revision that put it in force.
#[derive(Clone, Debug)]
pub(crate) struct CompiledSchema {
    pub(crate) revision: u64,
    pub(crate) schema: Arc<Schema>,
}

/// One tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    engine: Engine,
    schema: ArcSwapOption<CompiledSchema>,
    /// Exact snapshots of before are not kept any more.
    floor: AtomicU64,
}

impl Tenant {
    /// With what an engine holds, which it holds under this schema.
    pub(crate) fn new(engine: Engine, schema: Option<Arc<CompiledSchema>>) -> Self {
        Self { engine, schema: ArcSwapOption::new(schema), floor: AtomicU64::new(0) }
    }

    /// Without a schema or relationships.
    pub(crate) fn empty(options: EngineOptions) -> Self {
        let engine = Engine::load(options, 0, no_schema(), []);
        Self::new(engine.expect("nothing is below every cap"), None)
    }

    /// The graph as of the last revision that is about the tenant.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.engine.snapshot()
    }

    /// The schema in force, if there is one.
    pub(crate) fn schema(&self) -> Option<Arc<CompiledSchema>> {
        self.schema.load_full()
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Acquire)
    }

    pub(super) fn raise_floor(&self, floor: u64) {
        self.floor.fetch_max(floor, Ordering::AcqRel);
    }

    pub(super) fn apply(&self, revision: u64, deed: Deed) {
        let applied = match deed {
            Deed::Changes(changes) => self.engine.apply(revision, changes),
            Deed::Schema(compiled) => {
                let schema = compiled.as_ref().map_or_else(no_schema, |compiled| Arc::clone(&compiled.schema));
                let applied = self.engine.set_schema(revision, schema);
                self.schema.store(compiled);
                applied
            }
        };
        applied.expect("the log is read in order, and four billion relationships are refused where they are written");
    }

    /// Folds what changed into the base; answers the graph of before.
    pub(super) fn merge(&self) -> Arc<Snapshot> {
        let before = self.snapshot();
        self.engine.merge();
        before
    }
}
