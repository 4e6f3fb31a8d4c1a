//! Calls at a steady rate.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use testing::http::Connection;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// What is called, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) rate: u32,
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
}

/// How long the calls took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// Of the answered ones, shortest first.
    pub(crate) sorted: Vec<Duration>,
    /// How many were not answered with 200.
    pub(crate) errors: usize,
}

/// Makes the calls of one run.
pub(crate) async fn run(target: &Target) -> Result<Latencies, String> {
    let mut connections = Vec::new();
    for _ in 0..target.connections {
        let open = Connection::open(&target.host, target.port, Version::HTTP_2, &target.ca).await;
        connections.push(open.map_err(|error| error.with_causes())?);
    }
    let start = Instant::now() + Duration::from_millis(100);
    let mut callers = JoinSet::new();
    for (number, connection) in (0u32..).zip(connections) {
        callers.spawn(call_on(connection, target.clone(), start, number));
    }
    let mut all = Latencies::default();
    while let Some(part) = callers.join_next().await {
        let part = part.map_err(|error| error.to_string())?;
        all.sorted.extend(part.sorted);
        all.errors += part.errors;
    }
    all.sorted.sort_unstable();
    Ok(all)
}

/// Every n-th call of the run, where n is the number of connections.
async fn call_on(mut connection: Connection, target: Target, start: Instant, number: u32) -> Latencies {
    let mut latencies = Latencies::default();
    let calls = target.rate * target.seconds;
    let mut call = number;
    while call < calls {
        let due = start + Duration::from_secs(1) * call / target.rate;
        sleep_until(due).await;
        let mut request = Request::get(&target.path);
        if let Some(key) = &target.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Bytes::new()).expect("the path and the key are plain ASCII");
        match connection.send(request).await {
            Ok(answer) if answer.status == 200 => latencies.sorted.push(due.elapsed()),
            Ok(_) | Err(_) => latencies.errors += 1,
        }
        call += target.connections;
    }
    latencies
}
