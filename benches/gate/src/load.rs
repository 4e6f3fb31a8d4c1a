//! Calls as many as can be made, or at a steady rate.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench_machine::{Void, joined, pace};
use tokio::task::JoinSet;

/// How long each call took of as many as were made in this time, a fixed number of them under way. A call is made by its number.
pub(crate) async fn closed<F>(
    in_flight: usize,
    time: Duration,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Result<Vec<Duration>, Void>
where
    F: Future<Output = Result<(), Void>> + Send,
{
    let (end, next) = (Instant::now() + time, Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (call, next) = (call.clone(), Arc::clone(&next));
        workers.spawn(async move {
            let mut latencies = Vec::new();
            while Instant::now() < end {
                let began = Instant::now();
                call(next.fetch_add(1, Ordering::Relaxed)).await?;
                latencies.push(began.elapsed());
            }
            Ok(latencies)
        });
    }
    joined(workers).await.map(|parts| parts.concat())
}

/// So many calls, a fixed number of them under way.
pub(crate) async fn some<F>(
    in_flight: usize,
    calls: usize,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Result<(), Void>
where
    F: Future<Output = Result<(), Void>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (call, next) = (call.clone(), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= calls {
                    return Ok(());
                }
                call(number).await?;
            }
        });
    }
    joined(workers).await.map(drop)
}

/// How long each call took of so many a second, from the time that it was due at: one that waits for others is not spared.
pub(crate) async fn open<F>(
    rate: u32,
    time: Duration,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Result<Vec<Duration>, Void>
where
    F: Future<Output = Result<(), Void>> + Send,
{
    let mut calls = JoinSet::new();
    let mut due = pace(rate, time);
    let mut number = 0;
    while let Some(due) = due.recv().await {
        let call = call.clone();
        calls.spawn(async move {
            call(number).await?;
            Ok(due.elapsed())
        });
        number += 1;
    }
    joined(calls).await
}
