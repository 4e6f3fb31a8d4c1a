//! What a service gives the chassis, and what it gets from it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::aside::Aside;
use crate::auth::Authority;
use crate::clock::{SharedClock, SharedEntropy, SystemClock, SystemEntropy};
use crate::config::{Config, PeerConfig, Recover, ServiceConfig};
use crate::database::{Connection, Database, DatabaseError};
use crate::feed::{Follower, Learnt};
use crate::metrics::Metrics;
use crate::peer::{Peer, PeerMetrics};
use crate::readiness::Readiness;
use crate::start::StartError;
use crate::tasks::Tasks;
use crate::tls::Tls;
use crate::traces::Traces;

/// A service: its name, its configuration, its tables, and how it is put together.
pub trait Service: Sized + Send + Sync + 'static {
    /// Its name: of its contract, its database, its certificate and its section of the configuration.
    const NAME: &'static str;

    /// Its own section of the configuration.
    type Config: ServiceConfig;

    /// Its tables.
    fn migrator() -> &'static Migrator;

    /// Puts it together and begins its jobs (`foundation.tasks`). Must not wait for other services: they may be starting too.
    fn build(
        config: Self::Config,
        foundation: &Foundation,
    ) -> impl Future<Output = Result<Arc<Self>, StartError>> + Send;

    /// Begins another epoch of what it numbers itself, in a database that was restored. The feed's begins without it.
    fn begin_epoch(connection: &mut Connection) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        let _ = connection;
        async { Ok(()) }
    }

    /// Makes a new API key for an administrator whose keys are lost, and answers it. Only identity has any.
    fn recover(
        config: Self::Config,
        database: &Database,
        lost: &Recover,
    ) -> impl Future<Output = Result<String, StartError>> + Send {
        let _ = (config, database, lost);
        async { Err(StartError::Service(format!("{} has no administrators: ask identity", Self::NAME))) }
    }

    /// Its RPCs.
    fn routes(self: Arc<Self>) -> Routes;

    /// What it answers over plain HTTP, at the paths of `contract::web`; nothing, for most.
    fn web(self: Arc<Self>) -> axum::Router {
        axum::Router::new()
    }
}

/// What every service stands on.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Its own database.
    pub database: Database,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Where it registers its own metrics.
    pub metrics: Metrics,
    /// What runs beside the calls.
    pub tasks: Tasks,
    /// Threads for what takes long.
    pub aside: Aside,
    /// What must have come before it may be asked.
    pub readiness: Readiness,
    /// What credentials are verified with, kept current by [`Foundation::follow_identity`].
    pub learnt: Learnt,
    pub(crate) tls: Tls,
    pub(crate) peers: BTreeMap<String, PeerConfig>,
    pub(crate) peer_metrics: PeerMetrics,
    pub(crate) authority: Arc<OnceLock<Arc<dyn Authority>>>,
}

/// What a test may put in place of the machine's own.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Who makes spans: nobody, unless the process says otherwise.
    pub traces: Traces,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy), traces: Traces::default() }
    }
}

impl Foundation {
    pub(crate) fn lay<S: Service>(config: &Config<S::Config>, surroundings: &Surroundings) -> Result<Self, StartError> {
        let metrics = Metrics::new(S::NAME, &surroundings.traces.counts());
        let peer_metrics = PeerMetrics::register(&metrics);
        Ok(Self {
            database: Database::open(&config.database)?,
            clock: Arc::clone(&surroundings.clock),
            entropy: Arc::clone(&surroundings.entropy),
            metrics,
            tasks: Tasks::default(),
            aside: Aside::begin("aside"),
            readiness: Readiness::default(),
            learnt: Learnt::default(),
            tls: match surroundings.traces.tls() {
                Some(shared) => shared.clone(),
                None => Tls::load(&config.tls)?,
            },
            peers: config.peers.clone(),
            peer_metrics,
            authority: Arc::default(),
        })
    }

    /// A client of another service, without connecting yet.
    ///
    /// # Errors
    /// If the configuration does not say where it is.
    pub fn peer(&self, name: &'static str) -> Result<Peer, StartError> {
        let config = self
            .peers
            .get(name)
            .ok_or_else(|| StartError::Config(format!("[peers.{name}] is missing: this service calls {name}")))?;
        Peer::new(name, config, &self.tls, &self.tasks, &self.peer_metrics)
    }

    /// A follower of identity's feed. Every service runs exactly one; it is ready only once that one has caught up.
    ///
    /// # Errors
    /// If the configuration does not say where identity is.
    pub fn follow_identity(&self) -> Result<Follower, StartError> {
        let caught_up = self.readiness.wait_for("identity's feed");
        Ok(Follower::peer(self.peer("identity")?, self.learnt.clone(), caught_up))
    }

    /// The follower for identity itself, whose feed is in its own database.
    pub fn follow_own_feed(&self) -> Follower {
        let caught_up = self.readiness.wait_for("its own feed");
        Follower::own(self.database.clone(), self.learnt.clone(), caught_up)
    }

    /// Says who decides permissions for callers with a token. Only the permissions service, once.
    pub fn decide_permissions(&self, authority: Arc<dyn Authority>) {
        let first = self.authority.set(authority).is_ok();
        assert!(first, "a service has one authority");
    }
}
