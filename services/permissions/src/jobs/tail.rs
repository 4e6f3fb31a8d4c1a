//! Keeps the index at the head of the log: one poll for all tenants, woken early by commits of this process and of others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::error::chain;
use chassis::{Database, DatabaseError, Latch, TenantId};
use graph::{Engine, EngineError, EngineLoader};

use crate::domain::digest::Digest;
use crate::domain::following::{self, Course, Rebuild};
use crate::domain::history::{History, Part};
use crate::domain::revision::{Head, Point};
use crate::domain::system;
use crate::index::evaluator::Evaluator;
use crate::index::life::Life;
use crate::index::tenant::{CompiledSchema, Tenant};
use crate::index::{Deed, Index, Standing, no_schema};
use crate::metrics::IndexMetrics;
use crate::snapshots::{self, Place};
use crate::store::log::{self, TenantKey};
use crate::store::schemas::StoredSchema;
use crate::store::{head, history};

/// The revision of the compiled-in schema: before every write.
const COMPILED_IN: u64 = 0;

/// How many revisions are read at a time by who is further behind.
const STEP_REVISIONS: u64 = 1_000;

/// How many revisions are applied before other tasks have their turn.
const REVISIONS_WITHOUT_PAUSE: usize = 64;

/// Follows the log of one database.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) database: Database,
    pub(crate) index: Arc<Index>,
    pub(crate) evaluator: Evaluator,
    pub(crate) poll: Duration,
    /// After how long a silence of the database the replica is not ready any more, if ever.
    pub(crate) stale_after: Option<Duration>,
    pub(crate) caught_up: Latch,
    pub(crate) metrics: IndexMetrics,
    /// Where files of the index lie, if any are kept.
    pub(crate) snapshots: Option<Place>,
}

/// Why the log could not be followed.
#[derive(Debug, thiserror::Error)]
enum TailError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("a tenant has more than memory can number")]
    Engine(#[from] EngineError),
}

impl Tail {
    /// Follows for as long as the service runs.
    pub(crate) async fn run(self) {
        loop {
            match self.catch_up().await {
                Ok(()) => self.caught_up.set(),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the log cannot be read");
                    let silence = self.index.clock().age(Instant::now());
                    if self.stale_after.zip(silence).is_some_and(|(stale_after, silence)| silence > stale_after) {
                        self.caught_up.fall();
                    }
                }
            }
            // Whether it was woken or the time is up, the next thing is to look.
            let _ = tokio::time::timeout(self.poll, self.index.woken()).await;
        }
    }

    /// Brings the index to the head as it is now.
    async fn catch_up(&self) -> Result<(), TailError> {
        let asked = Instant::now();
        let head = head::read(&self.database).await?;
        self.index.clock().see(head.read_at, asked, Instant::now());
        self.metrics.seen();
        let mut standing = self.index.standing().await;
        if standing.is_none() {
            *standing = self.begin(&head).await?;
        }
        while let Some(here) = standing.as_mut()
            && here.point != head.point
        {
            if let Err(rebuild) = self.step(here, &head).await? {
                tracing::error!(at = ?here.point, ?head, ?rebuild, "the log is loaded again");
                self.metrics.rebuilt(rebuild);
                *standing = None;
            }
        }
        if standing.is_none() {
            *standing = Some(self.load().await?);
        }
        if let Some(here) = standing.as_ref() {
            self.index.reached(here, head.floor);
        }
        Ok(())
    }

    /// Begins with the newest file of the index, if there is one that can be read. Nothing is answered from it before a step
    /// has shown that it is of the database's history.
    async fn begin(&self, head: &Head) -> Result<Option<Standing>, TailError> {
        let Some(place) = &self.snapshots else { return Ok(None) };
        let own_schema = Arc::new(system::schema());
        match snapshots::read_newest(place, head, self.index.options(), &own_schema).await {
            Ok(Some((point, tenants))) => {
                tracing::info!(tenants = tenants.len(), revision = point.number, "begun with a snapshot");
                Ok(Some(self.index.stand(point, head.floor, tenants)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::error!(error = chain(&error), "snapshots cannot be read: the whole log is");
                Ok(None)
            }
        }
    }

    /// Goes on towards the head; or says why that is not possible, and then nothing is answered from what was applied.
    async fn step(&self, here: &mut Standing, head: &Head) -> Result<Result<(), Rebuild>, DatabaseError> {
        let at = here.point;
        match following::course(&at, head) {
            Course::Read => {}
            Course::Doubt => return self.broken(at).await.map(Err),
            Course::Rebuild(rebuild) => return Ok(Err(self.withdraw(rebuild))),
        }
        let (after, newest) = (at.number, head.point.number);
        let mut next = head.point;
        if newest.saturating_sub(after) > STEP_REVISIONS {
            // As of one moment, or the mark could be of another epoch than it is taken to be.
            let mut moment = log::moment(&self.database).await?;
            if let Course::Rebuild(rebuild) = following::course(&at, &head::read_in(&mut *moment).await?) {
                return Ok(Err(self.withdraw(rebuild)));
            }
            if let Some((number, digest)) = log::mark_from(&mut moment, after + STEP_REVISIONS).await?
                && number < newest
            {
                (next.number, next.digest) = (number, digest);
            }
        }
        let mut connection = self.database.pool().acquire().await.map_err(DatabaseError::from)?;
        let history = history::read(&mut connection, after, next.number).await?;
        drop(connection);
        let digests = history.digests_after(&at.digest);
        if *digests.last().unwrap_or(&at.digest) != next.digest {
            return self.broken(at).await.map(Err);
        }
        self.apply(&here.life, history, &digests).await;
        here.point = next;
        self.index.reached(here, head.floor);
        Ok(Ok(()))
    }

    /// What was applied, or what was read now, is not the history of the database.
    async fn broken(&self, at: Point) -> Result<Rebuild, DatabaseError> {
        let rebuild = self.withdraw(following::verdict(&at, &head::read(&self.database).await?));
        match rebuild {
            Rebuild::Digest => head::renew_epoch(&self.database, at.epoch).await?,
            Rebuild::Epoch | Rebuild::Collected => {}
        }
        Ok(rebuild)
    }

    /// Answers from nothing while it loads: what was applied may have what the database lost, and other replicas can be asked.
    fn withdraw(&self, rebuild: Rebuild) -> Rebuild {
        self.index.withdraw();
        self.caught_up.fall();
        rebuild
    }

    async fn apply(&self, life: &Life, history: History, digests: &[Digest]) {
        for (count, ((revision, part), digest)) in history.revisions.into_iter().zip(digests).enumerate() {
            if count % REVISIONS_WITHOUT_PAUSE == REVISIONS_WITHOUT_PAUSE - 1 {
                tokio::task::yield_now().await;
            }
            let Part { tenant, changes, schema } = part;
            let deed = match schema {
                None => Deed::Changes(changes),
                Some(text) => Deed::Schema(self.compile(&tenant, StoredSchema { revision, text }).await),
            };
            life.apply(&tenant, revision, digest.lineage(), deed);
        }
    }

    /// Loads all that there is at the head: both as of one moment, or a database that lost commits in between would have other
    /// rows than the head says.
    async fn load(&self) -> Result<Standing, TailError> {
        let mut moment = log::moment(&self.database).await?;
        let head = head::read_in(&mut *moment).await?;
        let number = head.point.number;
        let mut schemas = HashMap::new();
        for (tenant, stored) in log::schemas_at(&mut moment, number).await? {
            let compiled = self.compile(&tenant, stored).await;
            schemas.insert(tenant, compiled);
        }
        // Whatever the database says, this one is part of the program.
        let compiled = CompiledSchema { revision: COMPILED_IN, schema: Arc::new(system::schema()) };
        schemas.insert(contract::SYSTEM_TENANT.to_owned(), Some(Arc::new(compiled)));

        let options = self.index.options();
        let loader = |schema: &Option<Arc<CompiledSchema>>| {
            let schema = schema.as_ref().map_or_else(no_schema, |compiled| Arc::clone(&compiled.schema));
            EngineLoader::new(options, schema)
        };
        let mut loaders: HashMap<TenantKey, EngineLoader> =
            schemas.iter().map(|(tenant, schema)| (tenant.clone(), loader(schema))).collect();
        let mut relationships = 0_u64;
        log::relationships_at(&mut moment, number, |tenant, relationship| {
            relationships += 1;
            loaders.entry(tenant).or_insert_with(|| loader(&None)).add(&relationship)
        })
        .await??;
        drop(moment);
        tracing::info!(tenants = loaders.len(), relationships, revision = number, "loaded");
        let finish = move || {
            let finished = loaders.into_iter().map(|(tenant, loader)| {
                let schema = schemas.remove(&tenant).flatten();
                let engine: Engine = loader.finish(number);
                (tenant, Arc::new(Tenant::new(engine, schema)))
            });
            finished.collect()
        };
        match tokio::task::spawn_blocking(finish).await {
            Ok(tenants) => Ok(self.index.stand(head.point, head.floor, tenants)),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The schema as answers need it. One that cannot be read leaves the tenant without: then every type is unknown.
    async fn compile(&self, tenant: &str, stored: StoredSchema) -> Option<Arc<CompiledSchema>> {
        match self.evaluator.read_schema(&TenantId::system(), stored.text).await {
            Ok(schema) => Some(Arc::new(CompiledSchema { revision: stored.revision, schema: Arc::new(schema) })),
            Err(error) => {
                tracing::error!(tenant, revision = stored.revision, %error, "a stored schema cannot be read");
                None
            }
        }
    }
}
