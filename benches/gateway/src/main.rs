//! What a call through the gateway costs: latency at a steady rate, and the CPU that each process spends on a call.
//!
//! `cargo xtask bench gateway` runs it against the cluster of `cargo xtask up --release`. Calls are made at times fixed before, on
//! connections of their own, and a call's latency counts from the time that it should have been made at, so a slow answer is
//! not hidden by the calls that waited for it (no coordinated omission).

mod load;

use std::path::PathBuf;
use std::process::ExitCode;

use bench_machine::{Process, Spent, parse_process, quantile};
use clap::Parser;

use load::{Latencies, Target};

/// Measures calls through the gateway.
#[derive(Debug, Parser)]
struct Arguments {
    /// The gateway's port on this machine.
    #[arg(long)]
    port: u16,
    /// The host to ask for.
    #[arg(long, default_value = "documents.localhost")]
    host: String,
    /// The certificate to believe, PEM.
    #[arg(long)]
    ca: PathBuf,
    /// The file with the API key to show.
    #[arg(long)]
    key_file: PathBuf,
    /// The path to ask for.
    #[arg(long, default_value = "/v1/documents/roadmap")]
    path: String,
    /// A path that needs no credential and no permission, to compare with.
    #[arg(long, default_value = "/healthz")]
    baseline: String,
    /// Calls a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Connections (HTTP/2) that the calls are spread over.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// How long each of the runs takes.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Pairs of runs, baseline and call in turn.
    #[arg(long, default_value_t = 5)]
    pairs: u32,
    /// The processes to account for, as NAME=PID.
    #[arg(long = "process", value_parser = parse_process)]
    processes: Vec<Process>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Arguments) -> Result<(), String> {
    let key = std::fs::read_to_string(&arguments.key_file)
        .map_err(|error| format!("{}: {error}", arguments.key_file.display()))?;
    let target = |path: &str, key: Option<&str>| Target {
        host: arguments.host.clone(),
        port: arguments.port,
        ca: arguments.ca.clone(),
        path: path.to_owned(),
        key: key.map(|key| key.trim().to_owned()),
        rate: arguments.rate,
        connections: arguments.connections,
        seconds: arguments.seconds,
    };
    println!("{} calls/s over {} connections, {} s a run", arguments.rate, arguments.connections, arguments.seconds);
    print!("{:<24} {:>8} {:>8} {:>8} {:>8}", "run", "p50 ms", "p99 ms", "max ms", "errors");
    for process in &arguments.processes {
        print!(" {:>14}", format!("{} µs", process.name));
    }
    println!(" {:>14}", "generator µs");
    for _ in 0..arguments.pairs {
        for target in [target(&arguments.baseline, None), target(&arguments.path, Some(&key))] {
            run(&target, &arguments.processes).await?;
        }
    }
    Ok(())
}

async fn run(target: &Target, processes: &[Process]) -> Result<(), String> {
    let before = Spent::read(processes)?;
    let latencies = load::run(target).await?;
    let after = Spent::read(processes)?;
    let Latencies { sorted, errors } = latencies;
    let calls = sorted.len() + errors;
    let at = |share: f64| quantile(&sorted, share).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3);
    print!("{:<24} {:>8.2} {:>8.2} {:>8.2} {errors:>8}", target.path, at(0.5), at(0.99), at(1.0));
    for spent in after.since(&before) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer calls than a float can count")]
        let each = spent.as_secs_f64() * 1e6 / calls.max(1) as f64;
        print!(" {each:>14.0}");
    }
    println!();
    if errors > 0 {
        Err(format!("{errors} of {calls} calls were not answered with 200: the run is void"))
    } else {
        Ok(())
    }
}
