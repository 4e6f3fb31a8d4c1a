//! Processes that stand still, with their connections open: nothing tells whoever waits for them but time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::World;
use testing::Part;
use testing::cluster::{Member, metrics_of};

use crate::REPLICAS;
use crate::load::{Call, Load, Outcome, assert_nothing_wrong, report};

/// How long calls run before and after.
const GOES_ON: Duration = Duration::from_secs(5);

/// How long after it goes on calls may still fail.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);

fn failed<'a>(calls: &'a [Call], between: std::ops::Range<Instant>, kinds: &[&str]) -> Vec<&'a Call> {
    let counts = |call: &&Call| kinds.is_empty() || kinds.contains(&call.kind);
    let fails = |call: &&Call| call.outcome != Outcome::Right && between.contains(&call.began);
    calls.iter().filter(counts).filter(fails).collect()
}

async fn metric(world: &World, member: Member, begins: &str) -> f64 {
    let metrics = metrics_of(world.cluster.lock().await.config(), member).await.unwrap();
    let values = metrics.lines().filter(|line| line.starts_with(begins));
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn while_the_databases_stand_still_for_thirty_seconds_decisions_go_on_and_changes_are_refused_in_time() {
    let world = Arc::new(World::start_with("stillness", REPLICAS).await);
    let load = Load::begin(&world);
    tokio::time::sleep(GOES_ON).await;
    world.cluster.lock().await.pause(Part::Postgres);
    let paused = Instant::now();
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.cluster.lock().await.resume(Part::Postgres);
    let resumed = Instant::now();
    tokio::time::sleep(RECOVERED_WITHIN + GOES_ON).await;
    let ledger = Arc::clone(&load.ledger);
    let calls = load.end().await;

    report(&calls);
    assert_nothing_wrong(&calls);
    // Identity's heartbeat comes from its database: for a minute its silence is borne (gate.identity_silence_seconds_max).
    let decided = ["read, allowed", "read, denied", "Check"];
    let undecided = failed(&calls, paused..resumed, &decided);
    assert!(undecided.is_empty(), "{} decisions failed: {undecided:#?}", undecided.len());
    let decisions = calls.iter().filter(|call| decided.contains(&call.kind) && (paused..resumed).contains(&call.began));
    assert!(decisions.count() > 300, "decisions go on as before");
    let late = failed(&calls, resumed + RECOVERED_WITHIN..resumed + RECOVERED_WITHIN * 10, &[]);
    assert!(late.is_empty(), "{} calls failed long after: {late:#?}", late.len());
    let longest = calls.iter().map(|call| call.took).max().unwrap();
    assert!(longest < Duration::from_secs(20), "a call waited for {longest:?}");
    ledger.assert_kept(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn gates_breaker_opens_when_a_permissions_answers_nobody_and_closes_when_it_does_again() {
    const LEFT_OUT: &str = "bailiwick_peer_endpoints_left_out_total{peer=\"permissions\"}";
    let slow = Part::Permissions.replica(2);
    let world = Arc::new(World::start_with("breaker", REPLICAS).await);
    let load = Load::begin(&world);
    tokio::time::sleep(GOES_ON).await;
    let gates = [Part::Gate.replica(1), Part::Gate.replica(2)];
    let mut before = Vec::new();
    for gate in gates {
        before.push(metric(&world, gate, LEFT_OUT).await);
    }
    world.cluster.lock().await.pause(slow);
    let paused = Instant::now();
    tokio::time::sleep(GOES_ON * 2).await;
    let mut opened = Vec::new();
    for (gate, before) in gates.into_iter().zip(&before) {
        opened.push(metric(&world, gate, LEFT_OUT).await - before);
    }
    world.cluster.lock().await.resume(slow);
    let resumed = Instant::now();
    tokio::time::sleep(GOES_ON).await;
    let answered = metric(&world, slow, "bailiwick_rpc_calls_total{rpc=\"/bailiwick.permissions.v1").await;
    tokio::time::sleep(GOES_ON).await;
    let answered = metric(&world, slow, "bailiwick_rpc_calls_total{rpc=\"/bailiwick.permissions.v1").await - answered;
    let calls = load.end().await;

    report(&calls);
    assert_nothing_wrong(&calls);
    println!("  endpoints left out: {opened:?}; {answered} calls answered by {} since it goes on", slow.name());
    assert!(opened.iter().all(|times| *times >= 1.0), "a breaker has not opened: {opened:?}");
    assert!(answered > 0.0, "{} has no calls since it goes on", slow.name());
    // Once it is known, one call at a time tries it: most are decided by the other one.
    let known = paused + Duration::from_secs(3);
    let undecided = failed(&calls, known..resumed, &["read, allowed", "read, denied"]);
    let decided = calls.iter().filter(|call| (known..resumed).contains(&call.began) && call.kind.starts_with("read, "));
    let decided = decided.count();
    assert!(undecided.len() * 20 <= decided, "{} of {decided} decisions failed: {undecided:#?}", undecided.len());
    let late = failed(&calls, resumed + RECOVERED_WITHIN..resumed + RECOVERED_WITHIN * 10, &[]);
    assert!(late.is_empty(), "{} calls failed long after: {late:#?}", late.len());
}
