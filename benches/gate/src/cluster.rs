//! A cluster of real processes for this benchmark, with callers and what they may.

use std::sync::{Arc, PoisonError, RwLock};

use bench_machine::{Process, Void};
use contract::identity::v1::ExchangeApiKeyRequest;
use testing::cluster::process_of;
use testing::postgres;
use testing::sample::Gateway;
use testing::{Cluster, ClusterConfig, Part, place};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::arguments::Arguments;
use crate::filling;
use crate::workload::{Asked, Workload};

/// Whose host and relationships they are.
pub(crate) const TENANT: &str = "drive";

/// A host that the gateway's configuration has an upstream for.
pub(crate) const HOST: &str = "documents.localhost";

/// The cluster.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) cluster: Cluster,
    pub(crate) gateway: Gateway,
    /// The key of who administers the tenant.
    pub(crate) administrator: String,
    /// Gate first.
    pub(crate) processes: Vec<Process>,
    pub(crate) known: Arc<Known>,
}

/// What calls are made from.
#[derive(Debug)]
pub(crate) struct Known {
    /// Connections to gate, as the gateway.
    pub(crate) gate: Vec<Channel>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) granted: Vec<Asked>,
    pub(crate) denied: Vec<Asked>,
}

/// Who calls.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) key: String,
    token: RwLock<String>,
}

impl Caller {
    pub(crate) fn new(key: String) -> Self {
        Self { key, token: RwLock::default() }
    }

    /// The token that the key was last exchanged for.
    pub(crate) fn token(&self) -> String {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts it and fills it.
pub(crate) async fn start(arguments: &Arguments, workload: &Workload) -> Result<Own, Void> {
    prepare(arguments, workload).await.map_err(|error| error.with_causes())
}

async fn prepare(arguments: &Arguments, workload: &Workload) -> Result<Own, testing::Error> {
    let mut config = ClusterConfig::for_test("bench-gate", 1)?;
    config.overrides.insert(Part::Gate, arguments.settings.clone());
    let cluster = Cluster::start(config, |_| {}).await?;
    let (ports, files) = (&cluster.config().ports, cluster.files());
    let gateway = Gateway::new("localhost", ports.gateway, &files.authority())?;
    let secret = place::read_text(&files.bootstrap_secret())?;
    let (administrator, keys) = filling::fill(&gateway, &secret, workload).await?;
    let gate = connect(&cluster, ports.gate, arguments.connections).await.map_err(testing::Error::new)?;
    let mut processes = Vec::new();
    for part in [Part::Gate, Part::Permissions, Part::Identity] {
        let id = process_of(cluster.config(), part.into());
        processes.extend(id.map(|id| Process { name: part.name().to_owned(), id }));
    }
    let known = Arc::new(Known {
        gate,
        callers: keys.into_iter().map(Caller::new).collect(),
        granted: workload.granted.clone(),
        denied: workload.denied.clone(),
    });
    Ok(Own { gateway, administrator, processes, known, cluster })
}

async fn connect(cluster: &Cluster, port: u16, count: usize) -> Result<Vec<Channel>, Void> {
    let read = |path: &std::path::Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let shown = cluster.files().certificate("gateway");
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&cluster.files().authority())?))
        .identity(Identity::from_pem(read(&shown.certificate)?, read(&shown.key)?))
        .domain_name("localhost");
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}"));
    let endpoint = endpoint.and_then(|endpoint| endpoint.tls_config(tls)).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(endpoint.connect().await.map_err(|error| format!("gate: {error:?}"))?);
    }
    Ok(all)
}

impl Own {
    /// New tokens for all callers: one lives five minutes.
    pub(crate) async fn renew_tokens(&self) -> Result<(), Void> {
        for caller in &self.known.callers {
            let call = async || {
                let request = self.gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&caller.key))?;
                self.gateway.api_keys().exchange_api_key(request).await
            };
            let exchanged = self.gateway.settle("ExchangeApiKey", call).await.map_err(|error| error.with_causes())?;
            *caller.token.write().unwrap_or_else(PoisonError::into_inner) = exchanged.access_token;
        }
        Ok(())
    }

    /// Stops everything and throws it away.
    pub(crate) fn stop(self) -> Result<(), Void> {
        let folder = self.cluster.config().postgres.clone();
        self.cluster.stop().and_then(|()| postgres::remove(&folder)).map_err(|error| error.with_causes())
    }
}
