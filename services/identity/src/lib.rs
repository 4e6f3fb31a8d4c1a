//! Identity says who is calling: it knows the tenants, their users and service accounts, and the credentials of those.
//!
//! In reading order: its [`config`], the types and rules of its `domain`, what it keeps in its `store`, the RPCs in `grpc`, and
//! the `jobs` that run beside them. What others must not miss (keys, tenants, API keys made and ended) stands in its feed.

pub mod config;
mod domain;
pub mod error;
mod grpc;
mod jobs;
mod store;

use std::sync::Arc;

use chassis::clock::{SharedClock, SharedEntropy};
use chassis::secret::Secret;
use chassis::signing::SigningKey;
use chassis::{Database, Foundation, Service, StartError, Tasks};
use contract::identity::v1::api_key_service_server::ApiKeyServiceServer;
use contract::identity::v1::peer_service_server::PeerServiceServer;
use contract::identity::v1::service_account_service_server::ServiceAccountServiceServer;
use contract::identity::v1::tenant_service_server::TenantServiceServer;
use contract::identity::v1::user_service_server::UserServiceServer;
use contract::identity::v1::workload_service_server::WorkloadServiceServer;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

pub use config::Config;
pub use error::Error;

use crate::domain::api_key::Pepper;
use crate::domain::bootstrap::BootstrapSecret;
use crate::grpc::Served;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, put together.
#[derive(Debug)]
pub struct Identity {
    pub(crate) database: Database,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
    pub(crate) tasks: Tasks,
    pub(crate) token_key: SigningKey,
    pub(crate) pepper: Pepper,
    pub(crate) bootstrap_secret: Option<BootstrapSecret>,
}

impl Service for Identity {
    const NAME: &'static str = "identity";

    type Config = Config;

    fn migrator() -> &'static Migrator {
        &MIGRATOR
    }

    async fn build(config: Config, foundation: &Foundation) -> Result<Arc<Self>, StartError> {
        let pepper = Pepper::new(&Secret::read_key(&config.pepper_file)?);
        let bootstrap_secret =
            config.bootstrap_secret_file.as_deref().map(config::read_bootstrap_secret).transpose()?;
        let service = Arc::new(Self {
            database: foundation.database.clone(),
            clock: Arc::clone(&foundation.clock),
            entropy: Arc::clone(&foundation.entropy),
            tasks: foundation.tasks.clone(),
            token_key: SigningKey::read(&config.token_key_file)?,
            pepper,
            bootstrap_secret,
        });
        jobs::begin(&service, foundation);
        Ok(service)
    }

    fn routes(self: Arc<Self>) -> Routes {
        let served = Served(self);
        Routes::new(TenantServiceServer::new(served.clone()))
            .add_service(UserServiceServer::new(served.clone()))
            .add_service(ServiceAccountServiceServer::new(served.clone()))
            .add_service(ApiKeyServiceServer::new(served.clone()))
            .add_service(WorkloadServiceServer::new(served.clone()))
            .add_service(PeerServiceServer::new(served))
    }
}
