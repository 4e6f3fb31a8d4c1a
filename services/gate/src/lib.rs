//! Gate decides, for Bailiwick's own gateway and for any Envoy, whether a call may pass: who is calling, and whether they may.
//!
//! In reading order: what a call, a route and a decision are (`domain`); the decision itself (`decide`); Envoy's way to ask for one
//! (`ext_authz`); gate's own API, by which tenants say which calls their hosts take (`grpc`, `store`); and what keeps it all
//! current (`jobs`).

mod config;
mod decide;
mod deletion;
mod domain;
mod error;
mod ext_authz;
mod grpc;
mod jobs;
mod messages;
mod store;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use assertion::{Expectation, Verifier};
use chassis::auth::{ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_ISSUER};
use chassis::call::MESSAGE_BYTES_MAX;
use chassis::clock::{SharedEntropy, new_id};
use chassis::deletion::Deleter;
use chassis::signing::SigningKey;
use chassis::{Database, Foundation, Service, StartError};
use contract::gate::v1::decision_service_server::DecisionServiceServer;
use contract::gate::v1::host_service_server::HostServiceServer;
use contract::gate::v1::route_service_server::RouteServiceServer;
use envoy_types::pb::envoy::service::auth::v3::authorization_server::AuthorizationServer;
use sqlx::migrate::Migrator;
use time::OffsetDateTime;
use tonic::service::Routes;

pub use config::GateConfig;

use decide::api_keys::ApiKeys;
use decide::assertions::Assertions;
use decide::caller::Callers;
use decide::metrics::{AssertionMetrics, DecisionMetrics, QuestionMetrics};
use decide::permissions::Permissions;
use decide::records::{RecordLimits, Records};
use decide::shadow::ShadowReports;
use deletion::OwnHoldings;
use domain::own_routes::OwnRoutes;
use domain::table::Table;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service.
#[derive(Debug)]
pub struct Gate {
    database: Database,
    entropy: SharedEntropy,
    table: Arc<ArcSwap<Table>>,
    callers: Callers,
    permissions: Permissions,
    assertions: Arc<Assertions>,
    metrics: DecisionMetrics,
    records: Records,
    shadow_reports: ShadowReports,
    routes_max: usize,
}

impl Gate {
    /// The hosts and routes in force now.
    fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    fn new_id(&self, now: OffsetDateTime) -> String {
        new_id(now, self.entropy.as_ref()).to_string()
    }
}

impl Service for Gate {
    const NAME: &'static str = "gate";

    type Config = GateConfig;

    fn migrator() -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(config: GateConfig, foundation: &Foundation) -> Result<Arc<Self>, StartError> {
        let key = SigningKey::read(&config.assertion_key_file)?;
        let own_routes = OwnRoutes::compile().map_err(StartError::Service)?;
        let empty = Table::new(config.own_hosts.iter().cloned().collect(), own_routes);
        let remembered = Duration::from_secs(config.api_key_cache_seconds_max);
        let api_keys = Arc::new(ApiKeys::new(foundation.peer("identity")?, &foundation.learnt, remembered));
        let expected = Expectation::access_token(ACCESS_TOKEN_ISSUER, ACCESS_TOKEN_AUDIENCE);
        let gate = Arc::new(Self {
            database: foundation.database.clone(),
            entropy: Arc::clone(&foundation.entropy),
            table: Arc::new(ArcSwap::from_pointee(empty.clone())),
            callers: Callers {
                api_keys,
                workloads: Arc::default(),
                tokens: Verifier::new(foundation.learnt.keys.clone(), expected),
                freshness: foundation.learnt.freshness.clone(),
                silence_max: Duration::from_secs(config.identity_silence_seconds_max),
            },
            permissions: Permissions::new(
                foundation.peer("permissions")?,
                foundation.tasks.clone(),
                QuestionMetrics::register(&foundation.metrics),
            ),
            assertions: Arc::new(Assertions::new(
                key,
                config.assertion_seconds,
                AssertionMetrics::register(&foundation.metrics),
            )),
            metrics: DecisionMetrics::register(&foundation.metrics),
            records: Records::new(RecordLimits {
                count_max: config.decision_records_max,
                age_max: time::Duration::seconds(config.decision_record_seconds_max.into()),
                bytes_max: config.decision_record_bytes_max,
            }),
            shadow_reports: ShadowReports::default(),
            routes_max: config.routes_max,
        });
        begin_jobs(&gate, empty, foundation)?;
        Ok(gate)
    }

    fn routes(self: Arc<Self>) -> Routes {
        let api = grpc::Api(Arc::clone(&self));
        Routes::new(RouteServiceServer::new(api.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX))
            .add_service(HostServiceServer::new(api.clone()))
            .add_service(DecisionServiceServer::new(api))
            .add_service(AuthorizationServer::new(ext_authz::ExtAuthz(self)))
    }
}

fn begin_jobs(gate: &Arc<Gate>, empty: Table, foundation: &Foundation) -> Result<(), StartError> {
    let tasks = &foundation.tasks;
    let loaded = foundation.readiness.wait_for("the routes in force");
    tasks.spawn("table", jobs::keep_table::keep_table(gate.database.clone(), Arc::clone(&gate.table), empty, loaded));
    let follower = foundation.follow_identity()?;
    let feed_job = jobs::follow_identity::follow_identity(follower, Arc::clone(gate), Arc::clone(&foundation.clock));
    tasks.spawn("identity's feed", feed_job);
    let deleter = Deleter {
        service: "gate",
        database: gate.database.clone(),
        clock: Arc::clone(&foundation.clock),
        holdings: OwnHoldings,
        identity: Some(foundation.peer("identity")?),
    };
    tasks.spawn("delete tenants", deleter.run());
    let api_keys = &gate.callers.api_keys;
    let (identity, clock) = (foundation.peer("identity")?, Arc::clone(&foundation.clock));
    tasks.spawn("uses of keys", jobs::report_uses::report_uses(identity, Arc::clone(api_keys), clock));
    let published = foundation.readiness.wait_for("the assertion key's publication");
    let identity = foundation.peer("identity")?;
    let key_job = jobs::publish_key::publish_key(
        identity,
        Arc::clone(&gate.assertions),
        Arc::clone(&foundation.clock),
        published,
    );
    tasks.spawn("assertion key", key_job);
    Ok(())
}
