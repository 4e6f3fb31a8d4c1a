//! `documents`: the example upstream as a process.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use documents::{Certificates, Feed, Keys};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// How long calls that are under way may take when the service is told to end.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// An example upstream: documents over JSON and gRPC that trusts nothing but the assertion.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen, for HTTP/1.1, HTTP/2 and gRPC alike, in plain text.
    #[arg(long, default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// Where identity's feed of keys is: once for each of its replicas.
    #[arg(long, default_value = "https://127.0.0.1:8451")]
    identity_address: Vec<String>,
    /// This service's own certificate, in PEM: what identity knows it by.
    #[arg(long)]
    certificate_file: PathBuf,
    /// The private key of the certificate, in PEM.
    #[arg(long)]
    key_file: PathBuf,
    /// The authority that signed identity's certificate, in PEM.
    #[arg(long)]
    ca_file: PathBuf,
    /// What the routes that lead here name as their audience.
    #[arg(long, default_value = "documents")]
    audience: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "documents cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let keys = Keys::default();
    let certificates =
        Certificates { certificate: arguments.certificate_file, key: arguments.key_file, ca: arguments.ca_file };
    let feed = Feed::new(arguments.identity_address, certificates, keys.clone())?;

    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("{} cannot be listened on: {error}", arguments.listen))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let router = documents::router(keys, &arguments.audience, Arc::new(now));

    let (told, ending) = watch::channel(());
    let mut told_again = ending.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let mut ending = ending;
        // Either way it is time to end.
        let _ = ending.changed().await;
    });
    tokio::select! {
        served = serving.into_future() => served?,
        () = feed.follow() => {}
        () = told_to_end(told) => {}
        () = async {
            // A caller that keeps its connection open must not keep the process.
            let _ = told_again.changed().await;
            tokio::time::sleep(DRAIN_MAX).await;
        } => tracing::warn!("some calls took too long to wait for"),
    }
    Ok(())
}

/// Waits for SIGTERM or SIGINT, tells, and leaves the rest to those who drain.
async fn told_to_end(told: watch::Sender<()>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be waited for: this process ends only by force");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    told.send_replace(());
    std::future::pending().await
}

fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time of day enters")]
    OffsetDateTime::now_utc()
}
