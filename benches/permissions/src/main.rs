//! What the permissions service costs through gRPC: CPU by process, latency, durable writes, and what the chassis adds.
//!
//! `cargo xtask bench permissions` starts real processes and measures them; `--target` measures any server that speaks
//! authzed.api.v1. Every answer is compared with the engine's in this process: one that is wrong, or an error, voids the run.

mod added;
mod arguments;
mod bare;
mod calls;
mod costs;
mod empty;
mod filling;
mod isolation;
mod latencies;
mod load;
mod messages;
mod own;
mod target;
mod workload;
mod writes;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use bench_machine::{Void, memory, quiet};
use clap::Parser;

use arguments::{Arguments, Part};
use load::Load;
use target::{Reach, Shown, Target};
use workload::Workload;

/// As the services have it: what is served here empty is compared with them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a server of others may answer from a state before the load.
const STALE_MAX: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.serve_empty { empty::serve(arguments.spans_port).await } else { all(&arguments).await };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(void) => {
            eprintln!("bench-permissions: void: {void}");
            ExitCode::FAILURE
        }
    }
}

async fn all(arguments: &Arguments) -> Result<(), Void> {
    if arguments.wants(Part::Chassis) {
        let time = Duration::from_secs(arguments.seconds);
        added::by_chassis(arguments.rounds, time, arguments.in_flight, arguments.connections).await?;
    }
    let of_server = [Part::Calls, Part::Latency, Part::Writes, Part::Storm, Part::Isolation, Part::Visible];
    if !of_server.iter().any(|part| arguments.wants(*part)) {
        return Ok(());
    }
    for relationships in &arguments.relationships {
        let workload = Arc::new(Workload::new(*relationships, arguments.questions)?);
        println!("\n# the drive of {relationships}, {} questions", workload.asked.len());
        match &arguments.target {
            Some(address) => measure(arguments, given(arguments, address).await?, workload).await?,
            None => {
                let started = own::start(arguments.replicas, arguments.connections, &arguments.settings).await;
                let (own, target) = started.map_err(|error| error.with_causes())?;
                let done = measure(arguments, target, workload).await;
                own.stop().map_err(|error| error.with_causes())?;
                done?;
            }
        }
    }
    Ok(())
}

/// A server that runs already.
async fn given(arguments: &Arguments, address: &str) -> Result<Target, Void> {
    let reach = Reach { address, ca: arguments.ca.as_deref(), identity: None };
    let connections = reach.connect(arguments.connections, &Shown::token(&arguments.token)?).await?;
    let processes = arguments.processes.clone();
    Ok(Target {
        connections,
        as_gate: Vec::new(),
        schemas: None,
        other: None,
        stormer: None,
        processes,
        is_ours: false,
    })
}

async fn measure(arguments: &Arguments, target: Target, workload: Arc<Workload>) -> Result<(), Void> {
    let (rounds, time) = (arguments.rounds, Duration::from_secs(arguments.seconds));
    if !arguments.loaded {
        filling::fill(&target, workload.drive).await?;
    }
    if !target.is_ours {
        tokio::time::sleep(STALE_MAX).await;
    }
    quiet(&target.processes).await?;
    memory(&target.processes)?;
    let load = Load { target, workload, in_flight: arguments.in_flight, next: Arc::new(AtomicUsize::new(0)) };
    if arguments.wants(Part::Calls) {
        costs::calls(&load, rounds, time).await?;
    }
    if arguments.wants(Part::Latency) {
        latencies::steady(&load, rounds, arguments.rate, time).await?;
    }
    if arguments.wants(Part::Writes) {
        writes::writes(&load, rounds, time).await?;
    }
    if arguments.wants(Part::Storm) {
        latencies::storm(&load, rounds, arguments.rate, time).await?;
    }
    if arguments.wants(Part::Isolation) {
        isolation::isolation(&load, rounds, arguments.rate, time).await?;
    }
    if arguments.wants(Part::Visible) {
        writes::visible(&load, rounds, time).await?;
    }
    Ok(())
}
