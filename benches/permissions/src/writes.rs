//! Relationships a second that are made durable, and how soon another replica sees one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bench_machine::{Void, count, heading, joined, measured, pace, row};
use contract::authzed::api::v1 as authzed;
use contract::authzed::api::v1::check_permission_response::Permissionship;
use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use graph::Relationship;
use tokio::task::JoinSet;

use crate::calls::failed;
use crate::filling::{stranger, write};
use crate::load::Load;
use crate::messages::{self, Freshness};
use crate::target::Connection;

/// Writers, and relationships of each of their writes.
const SHAPES: [(usize, usize); 3] = [(1, 1), (64, 1), (4, 1_000)];

/// Writes a second while it is watched how soon they are seen.
const WRITES_A_SECOND: u32 = 1_000;

/// Of so many writes one is watched.
const WATCHED_EVERY: u64 = 20;

/// How long a watcher waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The longest that a write may stay unseen.
const SEEN_MAX: Duration = Duration::from_secs(10);

/// Many single writers, and few with full batches.
pub(crate) async fn writes(load: &Load, rounds: usize, time: Duration) -> Result<(), Void> {
    let next = Arc::new(AtomicU64::new(0));
    println!("\nwrites, {rounds} rounds; CPU in µs a write");
    heading(&load.target.processes, &["relationships/s"]);
    for (writers, batch) in SHAPES {
        let mut runs = Vec::new();
        for _ in 0..rounds {
            runs.push(measured(&load.target.processes, write_for(load, &next, (writers, batch), time)).await?);
        }
        let rates = runs.iter().map(|run| run.calls_per_second() * count(batch));
        let rates = bench_machine::Spread::of(rates);
        row(&format!("{writers} × {batch}"), &runs, load.target.processes.len(), &[rates]);
    }
    Ok(())
}

async fn write_for(
    load: &Load,
    next: &Arc<AtomicU64>,
    (writers, batch): (usize, usize),
    time: Duration,
) -> Result<Vec<Duration>, Void> {
    let (end, drive) = (Instant::now() + time, load.workload.drive);
    let mut tasks = JoinSet::new();
    for on in load.target.connections.iter().cycle().take(writers) {
        let (on, next) = (on.clone(), Arc::clone(next));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < end {
                let first = next.fetch_add(batch as u64, Ordering::Relaxed);
                let new = (first..).take(batch).map(|number| messages::touch(&stranger(drive, number))).collect();
                let began = Instant::now();
                write(on.clone(), new).await?;
                latencies.push(began.elapsed());
            }
            Ok(latencies)
        });
    }
    joined(tasks).await.map(|parts| parts.concat())
}

/// From the acknowledgement by one replica until the other grants by it, at the least consistency.
pub(crate) async fn visible(load: &Load, rounds: usize, time: Duration) -> Result<(), Void> {
    let Some(other) = &load.target.other else { return Err("there is no other replica: --replicas 2".to_owned()) };
    let first = 1 << 33;
    let next = AtomicU64::new(first);
    let mut runs = Vec::new();
    for _ in 0..rounds {
        runs.push(measured(&load.target.processes, watch(load, other, &next, time)).await?);
    }
    let which = format!("one in {WATCHED_EVERY} of {WRITES_A_SECOND} writes/s");
    println!(
        "\n{which} watched from its acknowledgement until the other replica grants by it; CPU in µs a watched write"
    );
    heading(&load.target.processes, &[]);
    row("visible", &runs, load.target.processes.len(), &[]);
    Ok(())
}

async fn watch(load: &Load, other: &Connection, next: &AtomicU64, time: Duration) -> Result<Vec<Duration>, Void> {
    let mut tasks = JoinSet::new();
    let mut due = pace(WRITES_A_SECOND, time);
    for on in load.target.connections.iter().cycle().cloned() {
        if due.recv().await.is_none() {
            break;
        }
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (new, other) = (stranger(load.workload.drive, number), other.clone());
        tasks.spawn(async move {
            write(on, vec![messages::touch(&new)]).await?;
            let acknowledged = Instant::now();
            if !number.is_multiple_of(WATCHED_EVERY) {
                return Ok(None);
            }
            seen(other, &new).await?;
            Ok(Some(acknowledged.elapsed()))
        });
    }
    Ok(joined(tasks).await?.into_iter().flatten().collect())
}

async fn seen(on: Connection, relationship: &Relationship) -> Result<(), Void> {
    let written = messages::touch(relationship).relationship.unwrap_or_default();
    let request = authzed::CheckPermissionRequest {
        consistency: messages::consistency(Freshness::Minimal),
        resource: written.resource,
        permission: written.relation,
        subject: written.subject,
        ..Default::default()
    };
    let (mut client, began) = (PermissionsServiceClient::new(on), Instant::now());
    while began.elapsed() < SEEN_MAX {
        let answer = client.check_permission(request.clone()).await.map_err(failed)?.into_inner();
        if answer.permissionship() == Permissionship::HasPermission {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(format!("a write is not seen after {SEEN_MAX:?}"))
}
