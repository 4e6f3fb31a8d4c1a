//! A cluster of real processes for this benchmark, of which identity and PostgreSQL are measured; with clients that have secrets.

use std::path::PathBuf;

use bench_machine::{Process, Void};
use bytes::Bytes;
use contract::identity::v1::client_credential_service_client::ClientCredentialServiceClient;
use contract::identity::v1::{AddClientCredentialRequest, BootstrapRequest, CreateServiceAccountRequest};
use testing::cluster::process_of;
use testing::postgres;
use testing::sample::Gateway;
use testing::{Cluster, ClusterConfig, Part, place};

/// Whose clients they are.
const TENANT: &str = "bench";

/// The cluster.
#[derive(Debug)]
pub(crate) struct Own {
    cluster: Cluster,
    /// Identity's own port on this machine.
    pub(crate) port: u16,
    /// The certificate to believe.
    pub(crate) authority: PathBuf,
    /// Identity first.
    pub(crate) processes: Vec<Process>,
    /// A request for a token, of each client.
    pub(crate) forms: Vec<Bytes>,
}

/// Starts it with so many clients.
pub(crate) async fn start(clients: u32, settings: &[String]) -> Result<Own, Void> {
    prepare(clients, settings).await.map_err(|error| error.with_causes())
}

async fn prepare(clients: u32, settings: &[String]) -> testing::Result<Own> {
    let mut config = ClusterConfig::for_test("bench-identity", 1)?;
    config.overrides.insert(Part::Identity, settings.to_vec());
    let cluster = Cluster::start(config, |_| {}).await?;
    let (ports, files) = (&cluster.config().ports, cluster.files());
    let gateway = Gateway::new("localhost", ports.gateway, &files.authority())?;
    let administrator = bootstrap(&gateway, &place::read_text(&files.bootstrap_secret())?).await?;
    let mut forms = Vec::new();
    for number in 0..clients {
        forms.push(add_client(&gateway, &administrator, &format!("client-{number}")).await?);
    }
    let mut processes = Vec::new();
    for part in [Part::Identity, Part::Postgres] {
        let id = process_of(cluster.config(), part.into());
        processes.extend(id.map(|id| Process { name: part.name().to_owned(), id }));
    }
    Ok(Own { port: ports.identity, authority: files.authority(), processes, forms, cluster })
}

/// Founds the tenant; answers its administrator's key.
async fn bootstrap(gateway: &Gateway, secret: &str) -> testing::Result<String> {
    let request = BootstrapRequest {
        secret: secret.to_owned(),
        tenant_id: TENANT.to_owned(),
        display_name: "Benchmark".to_owned(),
        administrator_id: "admin".to_owned(),
    };
    let call = async || gateway.tenants().bootstrap(gateway.request(request.clone(), None)?).await;
    Ok(gateway.settle("Bootstrap", call).await?.api_key_secret)
}

/// Adds a client with a secret; answers its request for a token.
async fn add_client(gateway: &Gateway, administrator: &str, id: &str) -> testing::Result<Bytes> {
    let account = CreateServiceAccountRequest {
        service_account_id: id.to_owned(),
        display_name: id.to_owned(),
        idempotency_key: String::new(),
    };
    let call = async || {
        let request = gateway.request(account.clone(), Some(administrator))?;
        gateway.service_accounts().create_service_account(request).await
    };
    gateway.settle("CreateServiceAccount", call).await?;
    let credential = AddClientCredentialRequest {
        service_account_id: id.to_owned(),
        scopes: vec!["documents.read".to_owned()],
        ..Default::default()
    };
    let call = async || {
        let request = gateway.request(credential.clone(), Some(administrator))?;
        ClientCredentialServiceClient::new(gateway.channel()).add_client_credential(request).await
    };
    let secret = gateway.settle("AddClientCredential", call).await?.secret;
    let form = format!("grant_type=client_credentials&client_id={TENANT}.{id}&client_secret={secret}");
    Ok(Bytes::from(form))
}

impl Own {
    /// Stops everything and throws it away.
    pub(crate) fn stop(self) -> Result<(), Void> {
        let folder = self.cluster.config().postgres.clone();
        self.cluster.stop().and_then(|()| postgres::remove(&folder)).map_err(|error| error.with_causes())
    }
}
