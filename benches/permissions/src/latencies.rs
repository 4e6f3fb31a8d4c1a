//! Latency at a steady rate, from the time that each call was due at; in quiet, and while memberships are deleted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bench_machine::{Measured, Spread, Void, heading, joined, measured, pace, quiet, row};
use tokio::task::JoinSet;

use crate::calls::Kind;
use crate::filling::{stranger, write, write_all};
use crate::load::Load;
use crate::messages::{self, Freshness};

/// Deletions a second during the storm.
const DELETIONS_A_SECOND: u32 = 200;

/// The first of the strangers that the storm deletes: those of the writes have lower numbers.
const FIRST_STRANGER: u64 = 1 << 32;

/// An empty call and a check in turn, at the same rate.
pub(crate) async fn steady(load: &Load, rounds: usize, rate: u32, time: Duration) -> Result<(), Void> {
    let kinds = [Kind::Health, Kind::Check(Freshness::Minimal), Kind::Check(Freshness::Full)];
    let mut all: [Vec<Measured>; 3] = Default::default();
    for _ in 0..rounds {
        for (kind, runs) in kinds.iter().zip(&mut all) {
            runs.push(measured(&load.target.processes, load.open(*kind, rate, time)).await?);
        }
    }
    println!("\n{rate} calls/s, {rounds} rounds; latency from when each was due, CPU in µs a call");
    heading(&load.target.processes, &["p99 × empty"]);
    for (kind, runs) in kinds.iter().zip(&all) {
        let times = multiples(runs, &all[0]);
        row(&kind.name(), runs, load.target.processes.len(), &[times]);
    }
    Ok(())
}

/// Checks in quiet and during the deletions, in turn.
pub(crate) async fn storm(load: &Load, rounds: usize, rate: u32, time: Duration) -> Result<(), Void> {
    let each = u64::from(DELETIONS_A_SECOND) * (time.as_secs() + 1);
    let all = FIRST_STRANGER..FIRST_STRANGER + each * rounds as u64;
    let strangers = all.map(|number| stranger(load.workload.drive, number)).collect();
    write_all(&load.target.connections, strangers, messages::touch).await?;
    quiet(&load.target.processes).await?;
    let (kind, next) = (Kind::Check(Freshness::Minimal), AtomicU64::new(FIRST_STRANGER));
    let (mut in_quiet, mut in_storm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        in_quiet.push(measured(&load.target.processes, load.open(kind, rate, time)).await?);
        let both = async {
            let (checks, deletions) = tokio::join!(load.open(kind, rate, time), delete(load, &next, time));
            deletions?;
            checks
        };
        in_storm.push(measured(&load.target.processes, both).await?);
    }
    println!(
        "\n{rate} checks/s, alone and during {DELETIONS_A_SECOND} deletions of memberships a second, {rounds} rounds"
    );
    heading(&load.target.processes, &["p99 × quiet"]);
    row("quiet", &in_quiet, load.target.processes.len(), &[multiples(&in_quiet, &in_quiet)]);
    row("deletions", &in_storm, load.target.processes.len(), &[multiples(&in_storm, &in_quiet)]);
    Ok(())
}

async fn delete(load: &Load, next: &AtomicU64, time: Duration) -> Result<(), Void> {
    let mut deletions = JoinSet::new();
    let mut due = pace(DELETIONS_A_SECOND, time);
    for on in load.target.connections.iter().cycle() {
        if due.recv().await.is_none() {
            break;
        }
        let gone = stranger(load.workload.drive, next.fetch_add(1, Ordering::Relaxed));
        deletions.spawn(write(on.clone(), vec![messages::delete(&gone)]));
    }
    joined(deletions).await.map(drop)
}

pub(crate) fn multiples(runs: &[Measured], base: &[Measured]) -> Spread {
    Spread::of(runs.iter().zip(base).map(|(run, base)| run.milliseconds(0.99) / base.milliseconds(0.99)))
}
