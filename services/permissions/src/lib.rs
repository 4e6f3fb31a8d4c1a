//! The permissions service: whether they may.
//!
//! Relationships and schemas live in PostgreSQL under one stream of revisions; answers come from memory, which follows that
//! stream. In reading order: the [`config`], the rules (`domain`), the tables (`store`) and how a change is made (`store::turn`),
//! what is in memory (`index`) and kept current (`jobs`), how fresh an answer is (`freshness`), who may use this service
//! itself (`authority`), and the RPCs (`grpc`).

mod authority;
pub mod config;
mod domain;
mod error;
mod freshness;
mod grpc;
mod index;
mod jobs;
mod store;

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::SharedClock;
use chassis::secret::Secret;
use chassis::{Database, Foundation, Service, StartError};
use graph::Budget;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

pub use config::Config;

use authority::SystemNamespace;
use domain::token::TokenKeys;
use freshness::Freshness;
use index::Index;
use index::evaluator::Evaluator;
use jobs::tail::Tail;
use jobs::tenants::Tenants;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service.
#[derive(Debug)]
pub struct Permissions {
    config: Config,
    database: Database,
    index: Arc<Index>,
    evaluator: Evaluator,
    freshness: Freshness,
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
        let evaluator = Evaluator::new(budget, evaluations_max(&config));
        let (database, index) = (foundation.database.clone(), Arc::new(Index::new()));
        let freshness = Freshness::new(database.clone(), Arc::clone(&index), tokens);

        foundation
            .decide_permissions(Arc::new(SystemNamespace { index: Arc::clone(&index), evaluator: evaluator.clone() }));
        let tail = Tail {
            database: database.clone(),
            index: Arc::clone(&index),
            // Its own, so that no question holds up what answers follow from.
            evaluator: Evaluator::new(budget, 1),
            poll: Duration::from_millis(config.poll_ms),
            caught_up: foundation.readiness.wait_for("the log"),
        };
        foundation.tasks.spawn("tail", tail.run());
        let clock: SharedClock = Arc::clone(&foundation.clock);
        let tenants = Tenants { database: database.clone(), clock, index: Arc::clone(&index) };
        foundation.tasks.spawn("tenants", tenants.run(foundation.follow_identity()?));
        Ok(Arc::new(Self { config, database, index, evaluator, freshness }))
    }

    fn routes(self: Arc<Self>) -> Routes {
        grpc::routes(self)
    }
}

fn evaluations_max(config: &Config) -> usize {
    match config.evaluations_max {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        given => given,
    }
}
