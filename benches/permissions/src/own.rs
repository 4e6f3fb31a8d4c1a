//! A cluster of real processes for this benchmark, with a durable PostgreSQL.

use std::time::Duration;

use bench_machine::Process;
use chassis::Aside;
use contract::identity::v1::{BootstrapRequest, CreateTenantRequest, ExchangeApiKeyRequest};
use testing::cluster::process_of;
use testing::postgres::{self, Durability};
use testing::sample::Gateway;
use testing::{Cluster, ClusterConfig, Part, place};
use tokio::task::JoinSet;

use crate::target::{Connection, Reach, Shown, Stormer, Target};

/// Whose relationships they are.
const TENANT: &str = "drive";

/// Who storms.
const STORM_TENANT: &str = "storm";

/// How often the token is replaced, which lives five minutes.
const RENEWED_EVERY: Duration = Duration::from_secs(120);

/// The cluster.
#[derive(Debug)]
pub(crate) struct Own {
    cluster: Cluster,
    _renewal: JoinSet<()>,
}

/// Starts it, and a tenant in it.
pub(crate) async fn start(
    replicas: u8,
    connections: usize,
    settings: &[String],
) -> Result<(Own, Target), testing::Error> {
    let mut config = ClusterConfig::for_test("bench-permissions", replicas)?;
    config.durability = Durability::Durable;
    config.overrides.insert(Part::Permissions, settings.to_vec());
    let cluster = Cluster::start(config, |_| {}).await?;
    let (ports, files) = (&cluster.config().ports, cluster.files());
    let gateway = Gateway::new("localhost", ports.gateway, &files.authority())?;
    let root = installation(&gateway, &place::read_text(&files.bootstrap_secret())?).await?;
    let (shown, key) = administrator(&gateway, &cluster, &root, TENANT).await?;
    let (stormers, stormers_key) = administrator(&gateway, &cluster, &root, STORM_TENANT).await?;
    let addresses: Vec<String> =
        ports.contracts(Part::Permissions).iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let (ca, gate) = (files.authority(), files.certificate("gate"));
    let reach = |replica: usize| Reach { address: &addresses[replica], ca: Some(&ca), identity: None };
    let connect =
        async |reach: Reach<'_>, count, shown: &Shown| reach.connect(count, shown).await.map_err(testing::Error::new);
    let as_gate = Reach { identity: Some((&gate.certificate, &gate.key)), ..reach(0) };
    let (aside, at, authority, stormers_shown) =
        (Aside::begin("storm"), addresses[0].clone(), ca.clone(), stormers.clone());
    let storming = aside.run(async move {
        Reach { address: &at, ca: Some(&authority), identity: None }.connect(connections, &stormers_shown).await
    });
    let storming = storming.await.map_err(testing::Error::new)?;
    let mut processes = Vec::new();
    let members = Part::Permissions.members(replicas).chain(Part::Postgres.members(replicas));
    for member in members {
        let id = process_of(cluster.config(), member);
        processes.extend(id.map(|id| Process { name: member.name(), id }));
    }
    let target = Target {
        connections: connect(reach(0), connections, &shown).await?,
        as_gate: connect(as_gate, connections, &Shown::tenant(TENANT)).await?,
        schemas: Some(Connection::new(gateway.channel(), shown.clone())),
        stormer: Some(Stormer {
            aside,
            connections: storming,
            schemas: Connection::new(gateway.channel(), stormers.clone()),
        }),
        other: if replicas > 1 { connect(reach(1), 1, &shown).await?.pop() } else { None },
        processes,
        is_ours: true,
    };
    let mut renewal = JoinSet::new();
    renewal.spawn(async move {
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            // If it cannot be had, calls fail soon, and say so.
            for (shown, key) in [(&shown, &key), (&stormers, &stormers_key)] {
                let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(key));
                let Ok(request) = request else { continue };
                if let Ok(exchanged) = gateway.api_keys().exchange_api_key(request).await {
                    let _ = shown.replace_token(&exchanged.into_inner().access_token);
                }
            }
        }
    });
    Ok((Own { cluster, _renewal: renewal }, target))
}

/// The key of who administers the installation, which is made.
async fn installation(gateway: &Gateway, bootstrap_secret: &str) -> Result<String, testing::Error> {
    let request = BootstrapRequest {
        secret: bootstrap_secret.to_owned(),
        tenant_id: "operators".to_owned(),
        display_name: "Operators".to_owned(),
        administrator_id: "root".to_owned(),
    };
    let call = async || gateway.tenants().bootstrap(gateway.request(request.clone(), None)?).await;
    Ok(gateway.settle("Bootstrap", call).await?.api_key_secret)
}

/// A token of who administers the tenant, which is made, and the key that it is exchanged for.
async fn administrator(
    gateway: &Gateway,
    cluster: &Cluster,
    root: &str,
    tenant: &str,
) -> Result<(Shown, String), testing::Error> {
    let request = CreateTenantRequest {
        tenant_id: tenant.to_owned(),
        display_name: tenant.to_owned(),
        administrator_id: "admin".to_owned(),
        idempotency_key: format!("bench-{tenant}"),
    };
    let call = async || gateway.tenants().create_tenant(gateway.request(request.clone(), Some(root))?).await;
    let key = gateway.settle("CreateTenant", call).await?.api_key_secret;
    let key_file = cluster.config().state.join(format!("{tenant}-administrator"));
    place::write_private(&key_file, key.as_bytes())?;
    let shown = Shown::token(&gateway.exchange(&key_file).await?).map_err(testing::Error::new)?;
    Ok((shown, key))
}

impl Own {
    /// Stops everything and throws it away.
    pub(crate) fn stop(self) -> Result<(), testing::Error> {
        let folder = self.cluster.config().postgres.clone();
        self.cluster.stop()?;
        postgres::remove(&folder)
    }
}
