//! Many calls at once, or calls at a steady rate.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench_machine::{Void, joined, pace};
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckBulkItem, CheckStreamRequest};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use crate::calls::{Kind, compare_message, failed};
use crate::messages;
use crate::target::{Connection, Target};
use crate::workload::Workload;

/// What calls are made from.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) target: Target,
    pub(crate) workload: Arc<Workload>,
    /// Calls under way at once, where as many are made as can be.
    pub(crate) in_flight: usize,
    /// The next question, so that no run begins with those that the one before has just asked.
    pub(crate) next: Arc<AtomicUsize>,
}

impl Load {
    /// How long each call took of as many as were made in this time, a fixed number of them under way.
    pub(crate) async fn closed(&self, kind: Kind, time: Duration) -> Result<Vec<Duration>, Void> {
        let (end, connections) = (Instant::now() + time, kind.connections(&self.target));
        let mut workers = JoinSet::new();
        match kind {
            Kind::Stream(items) => {
                let window = self.in_flight.div_ceil(connections.len());
                for on in connections.iter().cloned() {
                    workers.spawn(self.clone().feed(on, items, window, end));
                }
            }
            Kind::Health | Kind::Check(_) | Kind::Bulk(_) | Kind::OwnCheck | Kind::GateCheck | Kind::Nothing => {
                for on in connections.iter().cycle().take(self.in_flight).cloned() {
                    workers.spawn(self.clone().repeat(on, kind, end));
                }
            }
        }
        joined(workers).await.map(|parts| parts.concat())
    }

    async fn repeat(self, on: Connection, kind: Kind, end: Instant) -> Result<Vec<Duration>, Void> {
        let mut latencies = Vec::new();
        while Instant::now() < end {
            let (number, began) = (self.next.fetch_add(kind.items(), Ordering::Relaxed), Instant::now());
            kind.call(on.clone(), &self.workload, number).await?;
            latencies.push(began.elapsed());
        }
        Ok(latencies)
    }

    /// Keeps so many messages of a stream under way.
    async fn feed(self, on: Connection, items: usize, window: usize, end: Instant) -> Result<Vec<Duration>, Void> {
        let (sender, receiver) = mpsc::channel(window);
        let answers = PermissionServiceClient::new(on).check_stream(ReceiverStream::new(receiver)).await;
        let mut answers = answers.map_err(failed)?.into_inner();
        let (mut under_way, mut latencies) = (VecDeque::new(), Vec::new());
        loop {
            while under_way.len() < window && Instant::now() < end {
                let number = self.next.fetch_add(items, Ordering::Relaxed);
                under_way.push_back((number, Instant::now()));
                sender.send(self.message(number, items)).await.map_err(|_| "the stream was broken off")?;
            }
            let Some((number, began)) = under_way.pop_front() else { return Ok(latencies) };
            let answer = answers.message().await.map_err(failed)?.ok_or("the stream ended early")?;
            compare_message(self.workload.from(number, items), &answer)?;
            latencies.push(began.elapsed());
        }
    }

    fn message(&self, number: usize, items: usize) -> CheckStreamRequest {
        let items: Vec<CheckBulkItem> =
            self.workload.from(number, items).map(|asked| messages::own_item(&asked.question)).collect();
        CheckStreamRequest { consistency: None, items }
    }

    /// How long each call took of so many a second, from the time that it was due at: one that waits for others is not spared.
    pub(crate) async fn open(&self, kind: Kind, rate: u32, time: Duration) -> Result<Vec<Duration>, Void> {
        let mut calls = JoinSet::new();
        let mut due = pace(rate, time);
        for on in kind.connections(&self.target).iter().cycle() {
            let Some(due) = due.recv().await else { break };
            let (on, workload) = (on.clone(), Arc::clone(&self.workload));
            let number = self.next.fetch_add(kind.items(), Ordering::Relaxed);
            calls.spawn(async move {
                kind.call(on, &workload, number).await?;
                Ok(due.elapsed())
            });
        }
        joined(calls).await
    }
}
