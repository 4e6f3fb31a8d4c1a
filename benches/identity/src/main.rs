//! How many access tokens identity gives to clients that show their secret (client credentials), and what one costs: CPU by process, latency.
//!
//! `cargo xtask bench identity` starts real processes and calls identity's own port over TLS, as Envoy does. An answer that is no token voids the run.

mod load;
mod own;

use std::process::ExitCode;
use std::time::Duration;

use bench_machine::{Measured, Void, measured, memory, quiet};
use clap::Parser;

use load::Clients;

/// Measures identity.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each takes.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Connections (HTTP/2 over TLS), with one call under way on each.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Clients that take turns, each with a secret.
    #[arg(long, default_value_t = 100)]
    clients: u32,
    /// Further settings of identity, as section.key=value.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match all(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(void) => {
            eprintln!("bench-identity: void: {void}");
            ExitCode::FAILURE
        }
    }
}

async fn all(arguments: &Arguments) -> Result<(), Void> {
    let own = own::start(arguments.clients, &arguments.settings).await?;
    let done = measure(arguments, &own).await;
    own.stop()?;
    done
}

async fn measure(arguments: &Arguments, own: &own::Own) -> Result<(), Void> {
    let clients = Clients::connect(own, arguments.connections).await?;
    // What is planned, pooled and allocated at first is not what a token costs.
    clients.call(Duration::from_secs(2)).await?;
    quiet(&own.processes).await?;
    memory(&own.processes)?;
    println!("\n{} connections, {} clients, {} s a run", arguments.connections, arguments.clients, arguments.seconds);
    print!("{:>10} {:>8} {:>8} {:>8} {:>8} {:>8}", "tokens/s", "p50 ms", "p99 ms", "max ms", "stolen", "worked");
    for process in &own.processes {
        print!(" {:>14}", format!("{} µs", process.name));
    }
    println!(" {:>14}", "generator µs");
    for _ in 0..arguments.rounds {
        let run = clients.call(Duration::from_secs(arguments.seconds));
        row(&measured(&own.processes, run).await?);
    }
    Ok(())
}

fn row(run: &Measured) {
    let at = |share| run.milliseconds(share);
    print!("{:>10.0} {:>8.2} {:>8.2} {:>8.2}", run.calls_per_second(), at(0.5), at(0.99), at(1.0));
    print!(" {:>7.1}% {:>7.0}%", run.stolen_percent, run.worked_percent);
    for microseconds in &run.cpu_microseconds {
        print!(" {microseconds:>14.0}");
    }
    println!();
}
