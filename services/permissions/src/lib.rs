//! The permissions service: whether they may.
//!
//! Relationships and schemas live in PostgreSQL under one stream of revisions; answers come from memory, which follows that
//! stream. In reading order: the [`config`], the rules (`domain`, `admission`), the tables (`store`), how a change is made
//! (`store::turn`) and how for many callers at once (`writer`), what is in memory (`index`) and kept current (`jobs`), how fresh
//! an answer is (`freshness`), who may use this service itself (`authority`), and the RPCs (`grpc`), which `authzed` answers in
//! SpiceDB's contract too.

mod admission;
mod authority;
mod authzed;
pub mod config;
mod deletion;
mod domain;
mod error;
mod freshness;
mod grpc;
mod index;
mod jobs;
mod metrics;
#[cfg(test)]
mod protocol;
mod recent;
mod snapshots;
mod store;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::{SharedClock, new_id, random};
use chassis::database::Connection;
use chassis::deletion::Deleter;
use chassis::error::chain;
use chassis::secret::Secret;
use chassis::{Database, DatabaseError, Foundation, Service, StartError};
use graph::Budget;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

pub use config::Config;

use authority::SystemNamespace;
use deletion::OwnHoldings;
use domain::token::TokenKeys;
use freshness::Freshness;
use index::Index;
use index::evaluator::Evaluator;
use index::window::WindowLimits;
use jobs::collect::Collect;
use jobs::listen::Listen;
use jobs::merge::Merge;
use jobs::snapshot::WriteSnapshots;
use jobs::tail::Tail;
use jobs::tenants::Tenants;
use metrics::{CollectionMetrics, IndexMetrics, SnapshotMetrics};
use snapshots::Place;
use writer::{Leader, Writer};

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service.
#[derive(Debug)]
pub struct Permissions {
    config: Config,
    database: Database,
    index: Arc<Index>,
    evaluator: Evaluator,
    freshness: Freshness,
    writer: Writer,
}

impl Service for Permissions {
    const NAME: &'static str = "permissions";

    type Config = Config;

    fn migrator() -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(config: Config, foundation: &Foundation) -> Result<Arc<Self>, StartError> {
        let key = Secret::read_key(&config.token_key_file)?;
        let previous = config.token_key_previous_file.as_deref().map(Secret::read_key).transpose()?;
        let tokens = TokenKeys::new(&key, previous.as_deref().map(Vec::as_slice));
        let budget = Budget { nodes_max: config.traversal_nodes_max, edges_max: config.traversal_edges_max };
        let evaluator = Evaluator::new(budget, evaluations_max(&config), foundation.aside.clone());
        let window = WindowLimits {
            age_max: Duration::from_secs(config.exact_seconds_max),
            snapshots_max: config.exact_snapshots_max,
            changes_max: config.exact_changes_max,
        };
        let place = config.snapshot_store.as_deref().map(Place::open).transpose();
        let place = place.map_err(|error| StartError::Config(chain(&error).to_string()))?;
        let hash_seed = u64::from_be_bytes(random(&*foundation.entropy));
        let (database, index) = (foundation.database.clone(), Arc::new(Index::new(hash_seed, window)));
        let metrics = IndexMetrics::register(&foundation.metrics);
        let freshness = Freshness::new(database.clone(), Arc::clone(&index), tokens);

        foundation.decide_permissions(Arc::new(SystemNamespace::new(Arc::clone(&index), evaluator.clone())));
        let tail = Tail {
            database: database.clone(),
            index: Arc::clone(&index),
            // Its own, so that no question holds up what answers follow from.
            evaluator: Evaluator::new(budget, 1, foundation.aside.clone()),
            poll: Duration::from_millis(config.poll_ms),
            stale_after: (config.stale_seconds_max > 0).then(|| Duration::from_secs(config.stale_seconds_max)),
            caught_up: foundation.readiness.wait_for("the log"),
            metrics: metrics.clone(),
            snapshots: place.clone(),
        };
        foundation.tasks.spawn("tail", tail.run());
        let listen = Listen { database: database.clone(), index: Arc::clone(&index) };
        foundation.tasks.spawn("listen", listen.run());
        foundation
            .tasks
            .spawn("merge", Merge { index: Arc::clone(&index), clock: Arc::clone(&foundation.clock), metrics }.run());
        keep_house(&config, foundation, &index, place);
        let clock: SharedClock = Arc::clone(&foundation.clock);
        let tenants = Tenants { database: database.clone(), clock, index: Arc::clone(&index) };
        foundation.tasks.spawn("tenants", tenants.run(foundation.follow_identity()?));
        delete_tenants(foundation)?;
        let (writer, queue) = Writer::new(config.writes_waiting_max);
        let leader = Leader {
            database: database.clone(),
            clock: Arc::clone(&foundation.clock),
            index: Arc::clone(&index),
            // Its own, so that no question holds up a write.
            evaluator: Evaluator::new(budget, 1, foundation.aside.clone()),
            queue,
            group_changes_max: config.group_changes_max,
            step_max: Duration::from_millis(config.group_step_ms_max),
            relationships_max: config.relationships_max,
        };
        // It ends when the last call has: a drain must not take a write from under its caller.
        foundation.tasks.spawn_to_its_end(leader.run());
        Ok(Arc::new(Self { config, database, index, evaluator, freshness, writer }))
    }

    async fn begin_epoch(connection: &mut Connection) -> Result<(), DatabaseError> {
        store::head::begin_epoch(connection).await
    }

    fn routes(self: Arc<Self>) -> Routes {
        authzed::add_to(grpc::routes(Arc::clone(&self)), self)
    }
}

/// Begins the jobs that one replica does for all.
fn keep_house(config: &Config, foundation: &Foundation, index: &Arc<Index>, place: Option<Place>) {
    let replica = new_id(foundation.clock.now(), &*foundation.entropy);
    let collect = Collect {
        database: foundation.database.clone(),
        holder: replica,
        every: Duration::from_secs(config.collect_seconds),
        history: Duration::from_secs(config.history_seconds),
        metrics: CollectionMetrics::register(&foundation.metrics),
    };
    foundation.tasks.spawn("collect", collect.run());
    // Declared, so shown, whether there is a place for files or not.
    let metrics = SnapshotMetrics::register(&foundation.metrics);
    let Some(place) = place else { return };
    let snapshots = WriteSnapshots {
        database: foundation.database.clone(),
        index: Arc::clone(index),
        place,
        holder: replica,
        every: Duration::from_secs(config.snapshot_seconds),
        metrics,
    };
    foundation.tasks.spawn("snapshot", snapshots.run());
}

/// Begins to delete what tenants had that are deleted.
fn delete_tenants(foundation: &Foundation) -> Result<(), StartError> {
    let deleter = Deleter {
        service: "permissions",
        database: foundation.database.clone(),
        clock: Arc::clone(&foundation.clock),
        holdings: OwnHoldings,
        identity: Some(foundation.peer("identity")?),
    };
    foundation.tasks.spawn("delete tenants", deleter.run());
    Ok(())
}

fn evaluations_max(config: &Config) -> usize {
    match config.evaluations_max {
        // One processor is left to the threads that serve calls.
        0 => std::thread::available_parallelism().map_or(1, |processors| processors.get().saturating_sub(1).max(1)),
        given => given,
    }
}
