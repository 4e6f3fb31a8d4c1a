//! From the command line to the end: the whole life of a service's process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use contract::rpc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::admission::Admission;
use crate::auth::Authenticator;
use crate::config::{Arguments, Command, Config, Recover, ServerConfig};
use crate::database::Database;
use crate::error::chain;
use crate::layers::request_id::Ids;
use crate::outbox::OutboxMetrics;
use crate::schema::Schema;
use crate::service::{Foundation, Service, Surroundings};
use crate::stack::{Layers, Stack};
use crate::start::StartError;
use crate::traces::Traces;
use crate::{admin, connection, database, idempotency, logs, outbox, tls};

/// The exit code for a wrong command line or configuration (sysexits' EX_USAGE).
const EXIT_USAGE: u8 = 64;

/// How many streams one connection may have open at once.
const STREAMS_MAX: u32 = 1_024;

/// How many connections of clients that gave up before they were served wait to be let go (CVE-2023-44487, "rapid reset").
const RESETS_WAITING_MAX: usize = 64;

/// The largest header list that is read, in bytes.
const HEADER_BYTES_MAX: u32 = 64 * 1024;

/// Runs a service: everything that its `main` does.
pub fn run<S: Service>() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::<S::Config>::load(S::NAME, &arguments) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{}: {}", S::NAME, chain(&error));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    if arguments.print_config {
        print!("{}", config.to_toml(S::NAME));
        return ExitCode::SUCCESS;
    }
    if arguments.check_config {
        println!("{}: the configuration is right", S::NAME);
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("the operating system gives a process its threads and its poll");
    let done = match arguments.command {
        Some(Command::BeginEpoch) => runtime.block_on(database::begin_epoch::<S>(&config.database)),
        Some(Command::Migrate) => runtime.block_on(database::migrate(&config.database, S::migrator())),
        Some(Command::Recover(lost)) => runtime.block_on(recover::<S>(config, &lost)),
        None => runtime.block_on(serve_until_told::<S>(config)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {}", S::NAME, chain(&error));
            ExitCode::FAILURE
        }
    }
}

async fn recover<S: Service>(config: Config<S::Config>, lost: &Recover) -> Result<(), StartError> {
    let database = Database::open(&config.database)?;
    println!("{}", S::recover(config.service, &database, lost).await?);
    Ok(())
}

async fn serve_until_told<S: Service>(config: Config<S::Config>) -> Result<(), StartError> {
    // To the very end of this, so that what is logged last is written too.
    let traces = Traces::begin(S::NAME, config.server.listen, &config.tls, &config.telemetry)?;
    let _logging = logs::begin(&config.telemetry, &traces)?;
    let running = start::<S>(config, Surroundings { traces: traces.clone(), ..Surroundings::default() }).await?;
    let refuse = |error: std::io::Error| StartError::Service(format!("cannot hear signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(refuse)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refuse)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    running.stop().await;
    traces.end().await;
    tracing::info!("drained");
    Ok(())
}

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it serves gRPC over TLS.
    pub address: SocketAddr,
    /// Where it serves metrics and health over HTTP.
    pub admin_address: SocketAddr,
    /// What it stands on.
    pub foundation: Foundation,
    stop: oneshot::Sender<()>,
    /// Rings when the last connection has ended.
    served: oneshot::Receiver<()>,
    drain_delay: Duration,
    drain: Duration,
}

/// Starts a service in this process.
///
/// # Errors
/// If it cannot be put together or cannot listen. The database need not be there yet.
pub async fn start<S: Service>(config: Config<S::Config>, surroundings: Surroundings) -> Result<Running, StartError> {
    let foundation = Foundation::lay::<S>(&config, &surroundings)?;
    // First of all, so that it is the first line: whatever needs a table says later that it lacks it.
    let mut schema = Schema::new(foundation.database.clone(), S::NAME, S::migrator());
    schema.fits().await;
    let service = S::build(config.service.clone(), &foundation).await?;
    let web = Arc::clone(&service).web();
    let routes = with_health_and_reflection(S::routes(service), S::NAME, &foundation).await?;
    let admission = Arc::new(Admission::new(config.server.calls_max));
    let layers = Arc::new(Layers {
        service: S::NAME,
        clock: Arc::clone(&foundation.clock),
        request_ids: Ids::new(&*foundation.entropy),
        traces: surroundings.traces.clone(),
        metrics: foundation.metrics.rpc(),
        admission: Arc::clone(&admission),
        authenticator: Authenticator::new(S::NAME, &foundation.learnt, Arc::clone(&foundation.authority)),
        draining: foundation.tasks.draining(),
        aside: foundation.aside.clone(),
        web,
    });
    let fits = foundation.readiness.wait_for("the schema of its database");
    foundation.tasks.spawn("schema", schema.wait(fits));
    begin_jobs(&config.server, &foundation);
    foundation.tasks.spawn("admission", admission.look_after(&foundation.metrics));
    let missing = foundation.metrics.missing(S::NAME);
    if !missing.is_empty() {
        tracing::error!(metrics = missing.join(", "), "metrics.toml declares what is not registered");
    }
    let (stop, stopped) = oneshot::channel();
    let admin_address = serve_admin(&config.server, &foundation).await?;
    let (address, served) = serve(&config.server, routes, Stack(layers), &foundation, stopped).await?;
    tracing::info!(%address, %admin_address, "serving");
    foundation.readiness.seal();
    Ok(Running {
        address,
        admin_address,
        foundation,
        stop,
        served,
        drain_delay: Duration::from_millis(config.server.drain_delay_ms),
        drain: Duration::from_secs(config.server.drain_seconds_max),
    })
}

impl Running {
    /// Drains, in an order that loses no call: says that it is not ready, and serves on for `drain_delay_ms`, until whoever
    /// balances calls has heard of it; accepts no more connections, tells those that are open to end (HTTP/2's GOAWAY), and lets
    /// the calls under way end; then ends the jobs, which those calls may need. All but the delay takes at most
    /// `drain_seconds_max`.
    pub async fn stop(self) {
        let Foundation { readiness, tasks, database, .. } = &self.foundation;
        readiness.drain();
        tokio::time::sleep(self.drain_delay).await;
        let end = async {
            tasks.drain();
            // Gone already only if the server ended by itself.
            let _ = self.stop.send(());
            let _ = self.served.await;
            tasks.end().await;
        };
        if tokio::time::timeout(self.drain, end).await.is_err() {
            tracing::warn!("drain_seconds_max is over: what was under way is cut off");
        }
        database.pool().close().await;
    }
}

fn begin_jobs(config: &ServerConfig, foundation: &Foundation) {
    let (database, clock) = (foundation.database.clone(), Arc::clone(&foundation.clock));
    let (tasks, metrics) = (&foundation.tasks, &foundation.metrics);
    let relay =
        outbox::relay(database.clone(), Arc::clone(&clock), config.outbox_max, OutboxMetrics::register(metrics));
    tasks.spawn("outbox relay", relay);
    tasks.spawn("idempotency", idempotency::forget(database, Arc::clone(&clock)));
    tasks.spawn("the feed's silence", foundation.learnt.freshness.clone().show(metrics));
    let certificates = tls::CertificateMetrics::register(metrics);
    tasks.spawn("certificates", tls::keep(foundation.tls.clone(), clock, certificates));
}

async fn with_health_and_reflection(
    routes: Routes,
    service: &'static str,
    foundation: &Foundation,
) -> Result<Routes, StartError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let served = rpc::services_of(service);
    let names: Vec<String> = served.iter().map(|name| (*name).to_owned()).chain([String::new()]).collect();
    for name in &names {
        reporter.set_service_status(name, tonic_health::ServingStatus::NotServing).await;
    }
    let mut ready = foundation.readiness.watch();
    foundation.tasks.spawn("health", async move {
        while ready.changed().await.is_ok() {
            let status = if *ready.borrow() {
                tonic_health::ServingStatus::Serving
            } else {
                tonic_health::ServingStatus::NotServing
            };
            for name in &names {
                reporter.set_service_status(name, status).await;
            }
        }
    });
    let reflection = served
        .iter()
        .fold(tonic_reflection::server::Builder::configure(), |builder, name| builder.with_service_name(*name));
    let reflection = reflection
        .register_encoded_file_descriptor_set(contract::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(|error| StartError::Service(format!("reflection: {error}")))?;
    Ok(routes.add_service(health).add_service(reflection))
}

async fn serve_admin(config: &ServerConfig, foundation: &Foundation) -> Result<SocketAddr, StartError> {
    let (listener, address) = listen(config.admin_listen).await?;
    let router = admin::router(foundation.metrics.clone(), foundation.database.clone(), foundation.readiness.clone());
    foundation.tasks.spawn("admin", async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the admin port ended");
        }
    });
    Ok(address)
}

async fn serve(
    config: &ServerConfig,
    routes: Routes,
    stack: Stack,
    foundation: &Foundation,
    stopped: oneshot::Receiver<()>,
) -> Result<(SocketAddr, oneshot::Receiver<()>), StartError> {
    let (socket, address) = connection::bind(config.listen)?;
    let connections = connection::accept(socket, config.connections_max, foundation);
    let server = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_max_pending_accept_reset_streams(Some(RESETS_WAITING_MAX))
        // Told to go elsewhere, a client comes back to whichever replica there is: new ones get their share of the calls.
        .max_connection_age(Duration::from_secs(config.connection_age_seconds_max))
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .layer(stack)
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, async {
            // Told to stop, or the one who could tell is gone: either way.
            let _ = stopped.await;
        });
    let (end, served) = oneshot::channel();
    foundation.tasks.spawn_to_its_end(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the gRPC port ended");
        }
        // Nobody waits for it unless the service stops.
        let _ = end.send(());
    });
    Ok((address, served))
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refuse = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refuse)?;
    let address = listener.local_addr().map_err(refuse)?;
    Ok((listener, address))
}
