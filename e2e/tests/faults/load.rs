//! Load: callers in closed loops through the gateway, and what came of their calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::World;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::ledger::Ledger;

/// How long a caller rests between two calls.
const REST: Duration = Duration::from_millis(8);

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What it must be when everything runs.
    Right,
    /// Told as an outage: nobody was let in, and nobody was denied for good.
    Failed(String),
    /// What it must never be.
    Wrong(String),
}

impl Outcome {
    /// What a refusal of a gRPC call comes to, of which none is right.
    pub(crate) fn of(status: &Status) -> Self {
        let text = format!("{:?}: {}", status.code(), status.message());
        if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
            Self::Failed(text)
        } else {
            Self::Wrong(text)
        }
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) kind: &'static str,
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

/// One caller: what it calls with, and what it notes.
pub(crate) struct Caller {
    pub(crate) world: Arc<World>,
    pub(crate) ledger: Arc<Ledger>,
    end: Arc<AtomicBool>,
    pub(crate) calls: Vec<Call>,
}

impl Caller {
    pub(crate) fn goes_on(&self) -> bool {
        !self.end.load(Ordering::Relaxed)
    }

    /// Notes a call that has just ended, and rests.
    pub(crate) async fn note(&mut self, kind: &'static str, began: Instant, outcome: Outcome) {
        self.calls.push(Call { kind, began, took: began.elapsed(), outcome });
        tokio::time::sleep(REST).await;
    }
}

/// All callers.
pub(crate) struct Load {
    pub(crate) ledger: Arc<Ledger>,
    world: Arc<World>,
    end: Arc<AtomicBool>,
    callers: JoinSet<Vec<Call>>,
}

impl Load {
    /// Begins calling: reads and writes of every service.
    pub(crate) fn begin(world: &Arc<World>) -> Self {
        let mut load =
            Self { ledger: Arc::default(), world: Arc::clone(world), end: Arc::default(), callers: JoinSet::new() };
        for number in 0..2 {
            load.callers.spawn(load.caller().read("/v1/documents/roadmap", "alice", 200));
            load.callers.spawn(load.caller().toggle(number));
            load.callers.spawn(load.caller().join(number));
        }
        load.callers.spawn(load.caller().read("/v1/documents/budget", "dave", 403));
        load.callers.spawn(load.caller().check());
        load.callers.spawn(load.caller().create_users());
        load.callers.spawn(load.caller().revoke_keys());
        load.callers.spawn(load.caller().list_routes());
        load.callers.spawn(load.caller().assign_hosts());
        load
    }

    /// Adds a caller.
    pub(crate) fn also<F: Future<Output = Vec<Call>> + Send + 'static>(&mut self, calls: impl FnOnce(Caller) -> F) {
        self.callers.spawn(calls(self.caller()));
    }

    fn caller(&self) -> Caller {
        let (world, ledger, end) = (Arc::clone(&self.world), Arc::clone(&self.ledger), Arc::clone(&self.end));
        Caller { world, ledger, end, calls: Vec::new() }
    }

    /// Ends, and answers all calls that were made.
    pub(crate) async fn end(self) -> Vec<Call> {
        self.end.store(true, Ordering::Relaxed);
        let mut calls: Vec<Call> = self.callers.join_all().await.into_iter().flatten().collect();
        calls.sort_by_key(|call| call.began);
        calls
    }
}

/// Says how many calls of each kind there were, and how many of them failed, and how long the longest took.
pub(crate) fn report(calls: &[Call]) {
    let mut by_kind: BTreeMap<&str, (u32, u32, Duration)> = BTreeMap::new();
    for call in calls {
        let (count, failed, longest) = by_kind.entry(call.kind).or_default();
        *count += 1;
        *failed += u32::from(call.outcome != Outcome::Right);
        *longest = call.took.max(*longest);
    }
    for (kind, (count, failed, longest)) in by_kind {
        println!("  {kind:<18} {count:>6} calls, {failed:>4} failed, the longest took {longest:?}");
    }
}

/// Nobody was told anything wrong.
pub(crate) fn assert_nothing_wrong(calls: &[Call]) {
    let wrong: Vec<&Call> = calls.iter().filter(|call| matches!(call.outcome, Outcome::Wrong(_))).collect();
    assert!(wrong.is_empty(), "{} answers are wrong, the first: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

/// Fails if any call failed, or if so few were made that none failing says nothing.
pub(crate) fn assert_none_failed(calls: &[Call]) {
    report(calls);
    assert_nothing_wrong(calls);
    let failed: Vec<&Call> = calls.iter().filter(|call| call.outcome != Outcome::Right).collect();
    assert!(
        failed.is_empty(),
        "{} of {} calls failed: {:#?}",
        failed.len(),
        calls.len(),
        &failed[..failed.len().min(5)]
    );
    assert!(calls.len() > 300, "only {} calls", calls.len());
}
