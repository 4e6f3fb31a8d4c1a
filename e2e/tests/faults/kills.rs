//! A replica that is killed while calls run is left out soon, and takes part again when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::{DOCUMENTS, World};
use http::{Request, Version};
use testing::Part;
use testing::cluster::{Member, metrics_of};
use tokio::task::JoinSet;

use crate::REPLICAS;

/// How long after the death of a replica calls may fail.
const LEFT_OUT_WITHIN: Duration = Duration::from_secs(2);

/// How long calls run on after that, and after its return, in which none may fail.
const GOES_ON: Duration = Duration::from_millis(1_500);

/// How many callers there are at a time, and how long each rests between two calls.
const CALLERS: usize = 4;
const REST: Duration = Duration::from_millis(5);

/// When a call began, and the status that it was answered.
type Answered = (Instant, u16);

/// Calls until it is told to end.
async fn call_on(world: Arc<World>, end: Arc<AtomicBool>) -> Vec<Answered> {
    let mut connection = world.connect(DOCUMENTS, Version::HTTP_2).await;
    let key = world.key("alice");
    let mut answers = Vec::new();
    while !end.load(Ordering::Relaxed) {
        let request = Request::get("/v1/documents/roadmap").header("authorization", format!("Bearer {key}"));
        let began = Instant::now();
        let answer = connection.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        answers.push((began, answer.status.as_u16()));
        tokio::time::sleep(REST).await;
    }
    answers
}

/// How many calls of an RPC named `Check` the process has answered, by its own count.
async fn checks(world: &World, member: Member) -> f64 {
    let metrics = metrics_of(world.cluster.lock().await.config(), member).await.unwrap();
    let counts =
        metrics.lines().filter(|line| line.starts_with("bailiwick_rpc_calls_total{") && line.contains("/Check\""));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

async fn kill_and_bring_back(victim: Member) {
    let world = Arc::new(World::start_with("kills", REPLICAS).await);
    let end = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_on(Arc::clone(&world), Arc::clone(&end)));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;

    let before = checks(&world, victim).await;
    assert!(before > 0.0, "{} had no calls", victim.name());
    world.cluster.lock().await.kill(victim).unwrap();
    let killed = Instant::now();
    tokio::time::sleep(LEFT_OUT_WITHIN + GOES_ON).await;
    world.cluster.lock().await.restart(victim).await.unwrap();
    tokio::time::sleep(GOES_ON).await;
    let after = checks(&world, victim).await;
    end.store(true, Ordering::Relaxed);

    let answers: Vec<Answered> = callers.join_all().await.into_iter().flatten().collect();
    let failed: Vec<&Answered> = answers.iter().filter(|(_, status)| *status != 200).collect();
    println!("{}: of {} calls {} failed", victim.name(), answers.len(), failed.len());
    assert!(answers.len() > 200, "only {} calls", answers.len());
    // A call that was on its way when the replica died began a moment before.
    let may_fail = killed - Duration::from_secs(1)..killed + LEFT_OUT_WITHIN;
    let unexpected: Vec<Duration> = failed
        .iter()
        .filter(|(began, _)| !may_fail.contains(began))
        .map(|(began, _)| began.saturating_duration_since(killed))
        .collect();
    assert!(unexpected.is_empty(), "calls failed so long after the kill: {unexpected:?}");
    assert!(failed.iter().all(|(_, status)| *status == 503), "a failure is an outage, never a decision");
    assert!(after > 0.0, "{} has no calls since it is back", victim.name());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_killed_permissions_is_left_out_within_two_seconds_and_comes_back() {
    kill_and_bring_back(Part::Permissions.replica(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_killed_gate_is_left_out_within_two_seconds_and_comes_back() {
    kill_and_bring_back(Part::Gate.replica(1)).await;
}
