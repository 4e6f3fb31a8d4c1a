//! A service with nothing of its own: what it answers is the chassis' part.

use std::sync::Arc;

use chassis::config::{Config, ServiceConfig};
use chassis::{Foundation, Service, StartError};
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use testing::harness::{self, Harness};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// The service. It has the name of a real one, since a service without a contract has no RPCs.
#[derive(Debug)]
pub(crate) struct Demo;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DemoConfig {}

impl ServiceConfig for DemoConfig {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Service for Demo {
    const NAME: &'static str = "gate";

    type Config = DemoConfig;

    fn migrator() -> &'static Migrator {
        &chassis::database::MIGRATOR
    }

    async fn build(_: DemoConfig, _: &Foundation) -> Result<Arc<Self>, StartError> {
        Ok(Arc::new(Self))
    }

    fn routes(self: Arc<Self>) -> Routes {
        Routes::default()
    }
}

pub(crate) async fn start(adjust: impl FnOnce(&mut Config<DemoConfig>)) -> Harness {
    harness::start_with::<Demo>(|_| DemoConfig::default(), adjust).await
}

/// Whether the service says that it serves, over this connection.
pub(crate) async fn serves(channel: &Channel) -> Result<bool, tonic::Status> {
    let answer = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await?;
    Ok(answer.into_inner().status() == ServingStatus::Serving)
}
