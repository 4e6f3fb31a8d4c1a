//! Load on the release: callers in closed loops through the gateway, and what came of their calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::gate::v1::ListRoutesRequest;
use contract::identity::v1::ExchangeApiKeyRequest;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest};
use http::Request;
use testing::sample::{self, ADMINISTRATOR};
use tokio::task::JoinSet;
use tonic::Status;

use crate::chart::Chart;

/// How long a caller rests between two calls.
const REST: Duration = Duration::from_millis(10);

/// A call that did not go as it must.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: &'static str,
    at: Duration,
    what: String,
}

/// What the callers share.
#[derive(Debug)]
struct Shared {
    chart: Chart,
    began: Instant,
    ends: AtomicBool,
    calls: AtomicUsize,
}

/// All callers.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<Vec<Failure>>,
}

impl Load {
    /// Begins calling: reads that are allowed and denied, and reads and writes of every service.
    pub(crate) fn begin(chart: &Chart) -> Self {
        let (ends, calls) = (AtomicBool::default(), AtomicUsize::default());
        let shared = Arc::new(Shared { chart: chart.clone(), began: Instant::now(), ends, calls });
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            callers.spawn(read(Arc::clone(&shared), "alice", "/v1/documents/roadmap", 200));
        }
        callers.spawn(read(Arc::clone(&shared), "dave", "/v1/documents/budget", 403));
        callers.spawn(write(Arc::clone(&shared)));
        callers.spawn(exchange(Arc::clone(&shared)));
        callers.spawn(list_routes(Arc::clone(&shared)));
        Self { shared, callers }
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// Ends, and answers how many calls were made and which of them failed.
    pub(crate) async fn end(self) -> (usize, Vec<Failure>) {
        self.shared.ends.store(true, Ordering::Relaxed);
        let failures = self.callers.join_all().await.concat();
        (self.shared.calls.load(Ordering::Relaxed), failures)
    }
}

/// Says how many failed, and when, of each kind and with the same words.
pub(crate) fn report(calls: usize, failures: &[Failure]) {
    let mut kinds: BTreeMap<(&str, &str), (usize, Duration, Duration)> = BTreeMap::new();
    for failure in failures {
        let (count, first, last) = kinds.entry((failure.kind, &failure.what)).or_insert((0, failure.at, failure.at));
        *count += 1;
        (*first, *last) = ((*first).min(failure.at), (*last).max(failure.at));
    }
    println!("{calls} calls, {} failed", failures.len());
    for ((kind, what), (count, first, last)) in kinds {
        println!("  {kind}: {count} times from {first:?} to {last:?}: {what}");
    }
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.ends.load(Ordering::Relaxed)
    }

    async fn note(&self, failures: &mut Vec<Failure>, kind: &'static str, done: Result<(), String>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Err(what) = done {
            failures.push(Failure { kind, at: self.began.elapsed(), what });
        }
        tokio::time::sleep(REST).await;
    }
}

async fn read(shared: Arc<Shared>, who: &'static str, path: &'static str, expected: u16) -> Vec<Failure> {
    let key = format!("Bearer {}", shared.chart.keys.read(who).unwrap());
    let mut connection = shared.chart.connect().await;
    let mut failures = Vec::new();
    while shared.goes_on() {
        let request = Request::get(path).header("authorization", &key).body(Bytes::new()).unwrap();
        let done = match connection.send(request).await {
            Ok(answer) if answer.status == expected => Ok(()),
            Ok(answer) => Err(format!("{}, {:?}", answer.status, answer.header(contract::header::REASON))),
            Err(error) => {
                connection = shared.chart.connect().await;
                Err(error.with_causes())
            }
        };
        shared.note(&mut failures, if expected == 200 { "read, allowed" } else { "read, denied" }, done).await;
    }
    failures
}

async fn write(shared: Arc<Shared>) -> Vec<Failure> {
    let (gateway, key) = (shared.chart.gateway("localhost"), shared.chart.keys.read(ADMINISTRATOR).unwrap());
    let relationship = sample::parse_relationship("document:roadmap#viewer@user:erin").unwrap();
    let mut failures = Vec::new();
    while shared.goes_on() {
        for operation in [Operation::Touch, Operation::Delete] {
            let update = RelationshipUpdate { operation: operation.into(), relationship: Some(relationship.clone()) };
            let message = WriteRelationshipsRequest { updates: vec![update], ..Default::default() };
            let request = gateway.request(message, Some(&key)).unwrap();
            let done = gateway.relationships().write_relationships(request).await.map(drop).map_err(spoken);
            shared.note(&mut failures, "WriteRelationships", done).await;
        }
    }
    failures
}

async fn exchange(shared: Arc<Shared>) -> Vec<Failure> {
    let (gateway, key) = (shared.chart.gateway("localhost"), shared.chart.keys.read("alice").unwrap());
    let mut failures = Vec::new();
    while shared.goes_on() {
        let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&key)).unwrap();
        let done = gateway.api_keys().exchange_api_key(request).await.map(drop).map_err(spoken);
        shared.note(&mut failures, "ExchangeApiKey", done).await;
    }
    failures
}

async fn list_routes(shared: Arc<Shared>) -> Vec<Failure> {
    let (gateway, key) = (shared.chart.gateway("localhost"), shared.chart.keys.read(ADMINISTRATOR).unwrap());
    let mut failures = Vec::new();
    while shared.goes_on() {
        let request = gateway.request(ListRoutesRequest::default(), Some(&key)).unwrap();
        let done = gateway.routes().list_routes(request).await.map(drop).map_err(spoken);
        shared.note(&mut failures, "ListRoutes", done).await;
    }
    failures
}

fn spoken(status: Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}
