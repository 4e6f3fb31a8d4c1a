//! What gate costs: CPU of a decision asked as Envoy asks it, what it adds to a call through Envoy, and how it bears floods.
//!
//! `cargo xtask bench gate` starts real processes and measures them. Every answer is compared with the right one, which the engine in
//! this process gives: one that is wrong, or an error, voids the run.

mod alike;
mod allow_all;
mod arguments;
mod cluster;
mod decisions;
mod filling;
mod floods;
mod gateways;
mod load;
mod messages;
mod routes;
mod through;
mod workload;

use std::process::ExitCode;
use std::time::Duration;

use bench_machine::{Void, memory, quiet};
use clap::Parser;

use arguments::{Arguments, Part};
use cluster::Own;
use workload::Workload;

/// As the services have it: the authorizer that allows everything is compared with one of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.serve_allow_all {
        Some(serving) => allow_all::serve(serving).await,
        None => all(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(void) => {
            eprintln!("bench-gate: void: {void}");
            ExitCode::FAILURE
        }
    }
}

async fn all(arguments: &Arguments) -> Result<(), Void> {
    for relationships in &arguments.relationships {
        let workload = Workload::new(*relationships, arguments.callers)?;
        println!("\n# the drive of {relationships}, {} callers", workload.users.len());
        let own = cluster::start(arguments, &workload).await?;
        let done = measure(arguments, &own).await;
        own.stop()?;
        done?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments, own: &Own) -> Result<(), Void> {
    let (rounds, time) = (arguments.rounds, Duration::from_secs(arguments.seconds));
    quiet(&own.processes).await?;
    memory(&own.processes)?;
    if arguments.wants(Part::Decisions) {
        decisions::costs(own, arguments).await?;
    }
    if arguments.wants(Part::Through) {
        through::added(own, arguments).await?;
    }
    if arguments.wants(Part::Alike) {
        alike::compare(own, arguments.samples).await?;
    }
    if arguments.wants(Part::WrongKeys) {
        floods::wrong_keys(own, rounds, time).await?;
    }
    if arguments.wants(Part::Memory) {
        floods::memory_under_floods(own, arguments.in_flight).await?;
    }
    if arguments.wants(Part::Routes) {
        routes::many_and_few(own, arguments.in_flight, rounds, time).await?;
    }
    Ok(())
}
