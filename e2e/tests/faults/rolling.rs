//! Every process of every service is restarted, one after the other, and no call fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::World;
use testing::cluster::SERVICES;

use crate::REPLICAS;
use crate::load::{Call, Load, Outcome, assert_nothing_wrong, report};

/// How long calls run before the first restart, between two, and after the last.
const PAUSE: Duration = Duration::from_millis(1_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_rolling_restart_of_every_service_fails_no_call() {
    let world = Arc::new(World::start_with("rolling", REPLICAS).await);
    let load = Load::begin(&world);
    tokio::time::sleep(PAUSE).await;
    let began = Instant::now();
    let mut restarts = Vec::new();
    for member in SERVICES.into_iter().flat_map(|service| service.members(REPLICAS)) {
        restarts.push((member.name(), began.elapsed()));
        world.cluster.lock().await.restart(member).await.unwrap();
        tokio::time::sleep(PAUSE).await;
    }
    let ledger = Arc::clone(&load.ledger);
    let calls = load.end().await;

    println!("restarted {restarts:?}");
    report(&calls);
    assert_nothing_wrong(&calls);
    let failed: Vec<&Call> = calls.iter().filter(|call| call.outcome != Outcome::Right).collect();
    for call in &failed {
        println!(
            "{:?} after the first restart: {} {:?} {:?}",
            call.began.saturating_duration_since(began),
            call.kind,
            call.took,
            call.outcome
        );
    }
    assert!(failed.is_empty(), "{} of {} calls failed", failed.len(), calls.len());
    assert!(calls.len() > 1_000, "only {} calls", calls.len());
    ledger.assert_kept(&world).await;
}
