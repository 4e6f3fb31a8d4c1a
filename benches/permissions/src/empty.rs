//! A service that answers nothing: through the chassis, and by tonic alone on other ports of the same process.

use std::pin::Pin;
use std::sync::Arc;

use bench_machine::Void;
use chassis::auth::{Authority, AuthorityUnavailable};
use chassis::config::{Config, TelemetryConfig};
use chassis::logs::{self, Logging};
use chassis::{Context, Foundation, Service, ServiceConfig, StartError, Subject, TenantId, Traces, call};
use contract::permissions::v1::permission_service_server::{PermissionService, PermissionServiceServer};
use contract::permissions::v1::{
    CheckBulkRequest, CheckBulkResponse, CheckRequest, CheckResponse, CheckStreamRequest, CheckStreamResponse,
};
use serde::{Deserialize, Serialize};
use testing::harness;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::bare::Bare;

/// The tenant of those who call.
pub(crate) const TENANT: &str = "acme";

/// The share of calls that are traced, where any are.
const SAMPLED: f64 = 0.01;

/// Whoever calls with a token.
const CALLER: &str = "user:alice";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NoConfig {}

impl ServiceConfig for NoConfig {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The service: every permission is had, and every answer is empty.
#[derive(Debug)]
pub(crate) struct Empty;

#[derive(Debug)]
struct Everyone;

impl Authority for Everyone {
    fn holds(
        &self,
        _: &TenantId,
        _: &Subject,
        _: &str,
    ) -> Pin<Box<dyn Future<Output = Result<bool, AuthorityUnavailable>> + Send + '_>> {
        Box::pin(std::future::ready(Ok(true)))
    }
}

impl Service for Empty {
    const NAME: &'static str = "permissions";

    type Config = NoConfig;

    fn migrator() -> &'static sqlx::migrate::Migrator {
        // It has no tables of its own, and the chassis' may be made twice.
        &chassis::database::MIGRATOR
    }

    async fn build(_: NoConfig, foundation: &Foundation) -> Result<Arc<Self>, StartError> {
        foundation.decide_permissions(Arc::new(Everyone));
        let follower = foundation.follow_identity()?;
        foundation.tasks.spawn("identity", follower.run(|_, _| async { Ok::<(), StartError>(()) }));
        Ok(Arc::new(Self))
    }

    fn routes(self: Arc<Self>) -> Routes {
        Routes::new(PermissionServiceServer::new(Nothing::ByChassis(self)))
    }
}

/// Its one RPC, in the two ways that are compared.
#[derive(Debug)]
pub(crate) enum Nothing {
    /// As the services do it.
    ByChassis(Arc<Empty>),
    /// As tonic does it.
    ByTonic,
}

async fn nothing(_: Arc<Empty>, _: Context, _: CheckRequest) -> Result<CheckResponse, StartError> {
    Ok(CheckResponse::default())
}

fn not_served<T>() -> Result<T, Status> {
    Err(Status::unimplemented("only Check is served"))
}

#[tonic::async_trait]
impl PermissionService for Nothing {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        match self {
            Self::ByChassis(service) => call::unary(service, request, nothing).await,
            Self::ByTonic => {
                drop(request.into_inner());
                Ok(Response::new(CheckResponse::default()))
            }
        }
    }

    async fn check_bulk(&self, _: Request<CheckBulkRequest>) -> Result<Response<CheckBulkResponse>, Status> {
        not_served()
    }

    type CheckStreamStream = call::Results<CheckStreamResponse>;

    async fn check_stream(
        &self,
        _: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        not_served()
    }
}

/// Serves until standard input ends, after a line that says where: all ports, the authority's certificate, gate's
/// certificate and key, and a token.
pub(crate) async fn serve(spans_port: Option<u16>) -> Result<(), Void> {
    let traced = |config: &mut Config<NoConfig>| {
        config.telemetry.otlp_endpoint = spans_port.map(|port| format!("http://127.0.0.1:{port}"));
        config.telemetry.sample_ratio = SAMPLED;
    };
    let mut through_chassis = harness::start_with::<Empty>(|_| NoConfig {}, traced).await;
    let _logging = log_to_nowhere(through_chassis.traces())?;
    let bare = Bare::among(&through_chassis).await?;
    let one_a_core = Bare::one_a_core(&through_chassis).await?;
    let gate = through_chassis.authority().keep_peer("gate").map_err(|error| error.to_string())?;
    let rpc = "/bailiwick.permissions.v1.PermissionService/Check";
    let (_, token) = through_chassis.with_token(TENANT, CALLER, &["permissions.check"]).header_for(rpc);
    println!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}",
        through_chassis.running().address,
        bare.address,
        one_a_core.address,
        through_chassis.authority().certificate_file().display(),
        gate.certificate.display(),
        gate.key.display(),
        token.trim_start_matches("Bearer ")
    );
    let told = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await;
    told.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    drop((bare, one_a_core));
    through_chassis.stop().await;
    Ok(())
}

/// As a service logs, to a file that keeps nothing.
fn log_to_nowhere(traces: &Traces) -> Result<Logging, Void> {
    let nowhere = std::fs::File::create("/dev/null").map_err(|error| error.to_string())?;
    logs::begin_to(&TelemetryConfig::default(), traces, nowhere).map_err(|error| error.to_string())
}
