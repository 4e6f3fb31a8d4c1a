//! CPU of each kind of call by process, and what it adds to an empty call.

use std::time::Duration;

use bench_machine::{Measured, Spread, Void, count, heading, measured, memory, row};

use crate::calls::Kind;
use crate::load::Load;
use crate::messages::Freshness;

/// How long each kind is called before anything counts.
const WARMING: Duration = Duration::from_millis(500);

/// Every kind has its turn in every round, the empty call first.
pub(crate) async fn calls(load: &Load, rounds: usize, time: Duration) -> Result<(), Void> {
    let mut kinds = vec![
        Kind::Health,
        Kind::Check(Freshness::Minimal),
        Kind::Check(Freshness::Full),
        Kind::Bulk(50),
        Kind::Bulk(1_000),
    ];
    if load.target.is_ours {
        kinds.extend([Kind::OwnCheck, Kind::GateCheck, Kind::Stream(1), Kind::Stream(50)]);
    }
    for kind in &kinds {
        load.closed(*kind, WARMING).await.map_err(|void| format!("{}: {void}", kind.name()))?;
    }
    let mut all: Vec<Vec<Measured>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (kind, runs) in kinds.iter().zip(&mut all) {
            let run = measured(&load.target.processes, load.closed(*kind, time)).await;
            runs.push(run.map_err(|void| format!("{}: {void}", kind.name()))?);
        }
    }
    println!("\n{} in flight, {rounds} rounds; CPU in µs a call, median (range)", load.in_flight);
    heading(&load.target.processes, &["+ empty", "µs/item"]);
    for (kind, runs) in kinds.iter().zip(&all) {
        let of_server = |run: &Measured| run.cpu_microseconds.first().copied().unwrap_or(f64::NAN);
        let more = runs.iter().zip(&all[0]).map(|(run, empty)| of_server(run) - of_server(empty));
        let an_item = runs.iter().map(|run| of_server(run) / count(kind.items()));
        row(&kind.name(), runs, load.target.processes.len(), &[Spread::of(more), Spread::of(an_item)]);
    }
    memory(&load.target.processes)
}
