//! A run with what it cost.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::{Process, Spent, Steal, quantile};

/// Why a run is void.
pub type Void = String;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// How long each call took, shortest first.
    pub sorted: Vec<Duration>,
    /// How long all of them took.
    pub elapsed: Duration,
    /// Microseconds of CPU a call, of each process and last of the generator.
    pub cpu_microseconds: Vec<f64>,
    /// Percent of both processors' time that the host took away.
    pub stolen_percent: f64,
    /// Percent of it that was worked, by whomever.
    pub worked_percent: f64,
}

/// Accounts for a run.
///
/// # Errors
/// The run's; or if one of the processes does not run.
pub async fn measured(
    processes: &[Process],
    run: impl Future<Output = Result<Vec<Duration>, Void>>,
) -> Result<Measured, Void> {
    let (steal, spent, began) = (Steal::read()?, Spent::read(processes)?, Instant::now());
    let mut sorted = run.await?;
    let elapsed = began.elapsed();
    let spent = Spent::read(processes)?.since(&spent);
    let (stolen_percent, worked_percent) = Steal::read()?.percent_since(&steal);
    sorted.sort_unstable();
    let calls = count(sorted.len());
    let cpu_microseconds = spent.into_iter().map(|spent| spent.as_secs_f64() * 1e6 / calls).collect();
    Ok(Measured { sorted, elapsed, cpu_microseconds, stolen_percent, worked_percent })
}

impl Measured {
    /// How many were made a second.
    pub fn calls_per_second(&self) -> f64 {
        count(self.sorted.len()) / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the calls stays under.
    pub fn milliseconds(&self, share: f64) -> f64 {
        quantile(&self.sorted, share).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// As a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "far fewer calls than a float can count")]
pub fn count(calls: usize) -> f64 {
    calls as f64
}

/// Waits until the processes have nothing more to do, such as merging what was loaded; at most two minutes.
///
/// # Errors
/// If they do not come to rest, or one of them does not run.
pub async fn quiet(processes: &[Process]) -> Result<(), Void> {
    const LOOK: Duration = Duration::from_secs(1);
    for _ in 0..120 {
        let before = Spent::read(processes)?;
        tokio::time::sleep(LOOK).await;
        // The last is this process.
        let spent = Spent::read(processes)?.since(&before);
        let worked: Duration = spent.iter().take(processes.len()).sum();
        if worked < LOOK / 20 {
            return Ok(());
        }
    }
    Err("the server does not come to rest".to_owned())
}
