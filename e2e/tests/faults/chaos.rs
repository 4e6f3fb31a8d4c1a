//! Processes are killed at random moments of mixed load: no acknowledged write is lost, nobody is let in who may not be, and soon
//! after each kill all goes well again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::World;
use testing::Part;
use testing::cluster::{Member, SERVICES};

use crate::REPLICAS;
use crate::dice::Dice;
use crate::load::{Call, Load, Outcome, assert_nothing_wrong, report};

/// After a kill calls may fail for so long, and no longer.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);

/// A kill comes so long after the one before at the earliest, so that it is known which one a failure follows from.
const PAUSE_MS: u64 = 1_000;
const PAUSE_MORE_MS: u64 = 2_000;

async fn kill_for(length: Duration) {
    let mut dice = Dice::take();
    let world = Arc::new(World::start_with("chaos", REPLICAS).await);
    let mut victims: Vec<Member> = SERVICES.into_iter().flat_map(|service| service.members(REPLICAS)).collect();
    victims.push(Part::Postgres.into());
    let load = Load::begin(&world);
    let began = Instant::now();
    let mut kills = Vec::new();
    while began.elapsed() < length {
        let pause = PAUSE_MS + dice.throw(PAUSE_MORE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let victim = victims[usize::try_from(dice.throw(victims.len() as u64)).unwrap()];
        let mut cluster = world.cluster.lock().await;
        kills.push((victim.name(), Instant::now()));
        cluster.kill(victim).unwrap();
        cluster.restart(victim).await.unwrap();
        println!("  {} is ready again after {:?}", victim.name(), kills[kills.len() - 1].1.elapsed());
    }
    tokio::time::sleep(RECOVERED_WITHIN).await;
    let ledger = Arc::clone(&load.ledger);
    let calls = load.end().await;

    report(&calls);
    for (name, killed) in &kills {
        let failed = calls.iter().filter(|call| call.outcome != Outcome::Right && follows(call, *killed, &kills));
        let (count, last) = failed.fold((0, Duration::ZERO), |(count, last), call| {
            (count + 1, last.max((call.began + call.took).saturating_duration_since(*killed)))
        });
        println!("  at {:?} {name} was killed: {count} calls failed, the last after {last:?}", *killed - began);
    }
    for call in calls.iter().filter(|call| call.outcome != Outcome::Right) {
        println!("  at {:?} {} took {:?}: {:?}", call.began - began, call.kind, call.took, call.outcome);
    }
    assert_nothing_wrong(&calls);
    let late: Vec<&Call> = calls
        .iter()
        .filter(|call| call.outcome != Outcome::Right)
        .filter(|call| !kills.iter().any(|(_, killed)| is_excused(call, *killed)))
        .collect();
    assert!(late.is_empty(), "{} calls failed long after a kill: {:#?}", late.len(), &late[..late.len().min(5)]);
    ledger.assert_kept(&world).await;
}

/// Whether the call was under way when the process was killed, or began soon after.
fn is_excused(call: &Call, killed: Instant) -> bool {
    call.began + call.took >= killed && call.began < killed + RECOVERED_WITHIN
}

/// Whether the kill is the last one before the call ended.
fn follows(call: &Call, killed: Instant, kills: &[(String, Instant)]) -> bool {
    let ended = call.began + call.took;
    killed <= ended && kills.iter().all(|(_, other)| *other <= killed || *other > ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn kills_at_random_moments_lose_no_acknowledged_write_and_let_nobody_in() {
    kill_for(Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a soak: `cargo xtask test --soak`"]
async fn kills_during_two_minutes_lose_no_acknowledged_write_and_let_nobody_in() {
    kill_for(Duration::from_secs(120)).await;
}
