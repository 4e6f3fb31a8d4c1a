//! Keeps the index at the head of the log: one poll for all tenants, woken early by this process's own commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chassis::error::chain;
use chassis::{Database, DatabaseError, Latch};
use graph::{Change, RelationshipSet, Revisioned};

use crate::domain::revision::Revision;
use crate::domain::system;
use crate::index::evaluator::Evaluator;
use crate::index::{Changes, CompiledSchema, Index, TenantGraph};
use crate::store::head;
use crate::store::log::{self, TenantKey};
use crate::store::schemas::StoredSchema;

/// The revision of the compiled-in schema: before every write.
const COMPILED_IN: u64 = 0;

/// Follows the log of one database.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) database: Database,
    pub(crate) index: Arc<Index>,
    pub(crate) evaluator: Evaluator,
    pub(crate) poll: Duration,
    pub(crate) caught_up: Latch,
}

impl Tail {
    /// Follows for as long as the service runs.
    pub(crate) async fn run(self) {
        loop {
            match self.catch_up().await {
                Ok(()) => self.caught_up.set(),
                Err(error) => tracing::warn!(error = chain(&error), "the log cannot be read"),
            }
            // Whether it was woken or the time is up, the next thing is to look.
            let _ = tokio::time::timeout(self.poll, self.index.woken()).await;
        }
    }

    /// Brings the index to the head as it is now.
    async fn catch_up(&self) -> Result<(), DatabaseError> {
        let head = head::read(&self.database).await?;
        match self.index.applied() {
            Some(applied) if applied == head => Ok(()),
            Some(applied) if head.covers(&applied) => self.follow(applied, head).await,
            // What was applied is not part of this log: the database was restored.
            Some(applied) => {
                tracing::error!(?applied, ?head, "the log is another than before: loading it again");
                self.load(head).await
            }
            None => self.load(head).await,
        }
    }

    async fn load(&self, head: Revision) -> Result<(), DatabaseError> {
        let mut sets: HashMap<TenantKey, RelationshipSet> = HashMap::new();
        log::relationships_at(&self.database, head.number, |tenant, relationship| {
            sets.entry(tenant).or_default().insert(relationship);
        })
        .await?;
        let mut tenants: HashMap<TenantKey, TenantGraph> = sets
            .into_iter()
            .map(|(tenant, set)| {
                let relationships = Revisioned::loaded(head.number, set);
                (tenant, TenantGraph { schema: None, relationships })
            })
            .collect();
        for (tenant, stored) in log::schemas_at(&self.database, head.number).await? {
            let compiled = self.compile(&tenant, stored).await;
            tenants.entry(tenant).or_default().schema = compiled;
        }
        // Whatever the database says, this one is part of the program.
        let compiled = CompiledSchema { revision: COMPILED_IN, schema: system::schema() };
        tenants.entry(contract::SYSTEM_TENANT.to_owned()).or_default().schema = Some(Arc::new(compiled));
        let relationships: usize = tenants.values().map(|graph| graph.relationships.relationships().len()).sum();
        tracing::info!(tenants = tenants.len(), relationships, revision = head.number, "loaded");
        self.index.load(head, tenants.into_iter().map(|(tenant, graph)| (tenant, Arc::new(graph))).collect());
        Ok(())
    }

    async fn follow(&self, applied: Revision, head: Revision) -> Result<(), DatabaseError> {
        let mut tenants: HashMap<TenantKey, TenantChanges> = HashMap::new();
        for entry in log::changes_between(&self.database, applied.number, head.number).await? {
            tenants.entry(entry.tenant).or_default().add(entry.revision, entry.what);
        }
        for (tenant, stored) in log::schemas_between(&self.database, applied.number, head.number).await? {
            let compiled = self.compile(&tenant, stored).await;
            tenants.entry(tenant).or_default().schema = Some(compiled);
        }
        let mut changes = Changes::new();
        for (tenant, change) in tenants {
            changes.insert(tenant, Box::new(move |graph| change.apply(graph)));
        }
        self.apply(head, changes).await;
        Ok(())
    }

    async fn apply(&self, head: Revision, changes: Changes) {
        if self.index.apply_in_place(head, &changes) {
            return;
        }
        let index = Arc::clone(&self.index);
        let copying = tokio::task::spawn_blocking(move || index.apply_to_copies(head, &changes));
        if let Err(error) = copying.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    /// The schema as answers need it. One that cannot be read leaves the tenant without: then every type is unknown.
    async fn compile(&self, tenant: &str, stored: StoredSchema) -> Option<Arc<CompiledSchema>> {
        match self.evaluator.read_schema(stored.text).await {
            Ok(schema) => Some(Arc::new(CompiledSchema { revision: stored.revision, schema })),
            Err(error) => {
                tracing::error!(tenant, revision = stored.revision, %error, "a stored schema cannot be read");
                None
            }
        }
    }
}

/// What happened to one tenant between two revisions.
#[derive(Debug, Default)]
struct TenantChanges {
    /// By revision, in order.
    revisions: Vec<(u64, Vec<Change>)>,
    /// The new schema, if there is a new one.
    schema: Option<Option<Arc<CompiledSchema>>>,
}

impl TenantChanges {
    fn add(&mut self, revision: u64, change: Change) {
        match self.revisions.last_mut() {
            Some((last, changes)) if *last == revision => changes.push(change),
            Some(_) | None => self.revisions.push((revision, vec![change])),
        }
    }

    fn apply(&self, graph: &mut TenantGraph) {
        for (revision, changes) in &self.revisions {
            let applied = graph.relationships.apply(*revision, changes.iter().cloned());
            applied.expect("the log was read from the applied revision on, in order");
        }
        if let Some(schema) = &self.schema {
            graph.schema.clone_from(schema);
        }
    }
}
