//! Every tenant's schema and relationships in memory, as of a revision that all of them share.
//!
//! Readers take a [`View`] of one tenant and let go of the lock; the tail ([`crate::jobs::tail`]) is the only writer. What a
//! view holds never changes: a tenant that someone is looking at is copied before it is changed.

pub(crate) mod evaluator;
pub(crate) mod head_reads;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use chassis::TenantId;
use graph::{Revisioned, Schema};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::domain::revision::Revision;
use crate::store::log::TenantKey;

/// A schema that was read and checked, and the revision that put it in force.
#[derive(Debug)]
pub(crate) struct CompiledSchema {
    pub(crate) revision: u64,
    pub(crate) schema: Schema,
}

/// What a tenant's answers follow from.
#[derive(Clone, Debug, Default)]
pub(crate) struct TenantGraph {
    pub(crate) schema: Option<Arc<CompiledSchema>>,
    pub(crate) relationships: Revisioned,
}

impl TenantGraph {
    /// The schema in force; before the first one, the empty schema, to which every type is unknown.
    pub(crate) fn schema(&self) -> &Schema {
        static NONE: LazyLock<Schema> =
            LazyLock::new(|| Schema::parse("").expect("the empty text is the empty schema"));
        self.schema.as_ref().map_or(&NONE, |compiled| &compiled.schema)
    }
}

/// A tenant as it was at a revision.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) revision: Revision,
    pub(crate) graph: Arc<TenantGraph>,
}

/// A change to one tenant, between two revisions.
pub(crate) type Changes = HashMap<TenantKey, Box<dyn Fn(&mut TenantGraph) + Send + Sync>>;

#[derive(Debug)]
struct State {
    revision: Revision,
    tenants: HashMap<TenantKey, Arc<TenantGraph>>,
}

/// All tenants.
#[derive(Debug)]
pub(crate) struct Index {
    state: RwLock<Option<State>>,
    applied: watch::Sender<Option<Revision>>,
    behind: Notify,
    nothing: Arc<TenantGraph>,
}

impl Index {
    /// Before anything was loaded.
    pub(crate) fn new() -> Self {
        Self {
            state: RwLock::new(None),
            applied: watch::Sender::new(None),
            behind: Notify::new(),
            nothing: Arc::default(),
        }
    }

    /// The tenant as it is now; none before anything was loaded.
    pub(crate) fn view(&self, tenant: &TenantId) -> Option<View> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let state = state.as_ref()?;
        let graph = state.tenants.get(tenant.as_str()).unwrap_or(&self.nothing);
        Some(View { revision: state.revision, graph: Arc::clone(graph) })
    }

    /// The revision that is applied; none before anything was loaded.
    pub(crate) fn applied(&self) -> Option<Revision> {
        *self.applied.borrow()
    }

    /// Waits until a revision is applied; false if that was not by the deadline.
    pub(crate) async fn reach(&self, revision: &Revision, deadline: Instant) -> bool {
        let mut applied = self.applied.subscribe();
        let reached = applied.wait_for(|applied| applied.is_some_and(|applied| applied.covers(revision)));
        timeout_at(deadline, reached).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Says that there is something to apply, so that the tail need not wait for its time.
    pub(crate) fn wake(&self) {
        self.behind.notify_one();
    }

    /// Rings when there is something to apply.
    pub(crate) async fn woken(&self) {
        self.behind.notified().await;
    }

    /// Puts everything in place of what was there.
    pub(crate) fn load(&self, revision: Revision, tenants: HashMap<TenantKey, Arc<TenantGraph>>) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Some(State { revision, tenants });
        self.applied.send_replace(Some(revision));
    }

    /// Moves on to a later revision, changing the tenants where they are. False, and nothing done, if someone is looking at
    /// one. Readers see all of it or nothing.
    pub(crate) fn apply_in_place(&self, revision: Revision, changes: &Changes) -> bool {
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let state = state.as_mut().expect("there is nothing to move on from before the first load");
            // Views are made under the read lock, so no count can grow while this one is held.
            let watched =
                |tenant: &TenantKey| state.tenants.get(tenant).is_some_and(|graph| Arc::strong_count(graph) > 1);
            if changes.keys().any(watched) {
                return false;
            }
            for (tenant, change) in changes {
                change(Arc::make_mut(state.tenants.entry(tenant.clone()).or_default()));
            }
            state.revision = revision;
        }
        self.applied.send_replace(Some(revision));
        true
    }

    /// Moves on to a later revision, changing copies, so that nobody waits for it, and then puts all in place at once. Takes
    /// as long as the tenants are large.
    pub(crate) fn apply_to_copies(&self, revision: Revision, changes: &Changes) {
        let originals: HashMap<TenantKey, Arc<TenantGraph>> = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let state = state.as_ref().expect("there is nothing to move on from before the first load");
            let original = |tenant: &TenantKey| state.tenants.get(tenant).cloned().unwrap_or_default();
            changes.keys().map(|tenant| (tenant.clone(), original(tenant))).collect()
        };
        let mut copies = Vec::with_capacity(originals.len());
        for (tenant, mut graph) in originals {
            if let Some(change) = changes.get(&tenant) {
                change(Arc::make_mut(&mut graph));
            }
            copies.push((tenant, graph));
        }
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let state = state.as_mut().expect("nothing that was loaded is ever taken away");
            state.tenants.extend(copies);
            state.revision = revision;
        }
        self.applied.send_replace(Some(revision));
    }
}

#[cfg(test)]
mod tests;
