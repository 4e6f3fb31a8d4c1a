//! Calls that are under way together, and calls at a steady rate.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Void;

/// How long before the first call of a steady rate everything is set up.
const LEAD: Duration = Duration::from_millis(100);

/// What all have come to; the first that failed ends it.
///
/// # Errors
/// Its.
pub async fn joined<T: 'static>(mut tasks: JoinSet<Result<T, Void>>) -> Result<Vec<T>, Void> {
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.push(done.map_err(|error| error.to_string())??);
    }
    Ok(all)
}

/// Each time that a call is due at, when it has come: so many a second. The runtime's own timer would be a millisecond late.
pub fn pace(rate: u32, time: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let start = Instant::now() + LEAD;
    std::thread::spawn(move || {
        let times = (0..).map(|call| Duration::from_secs(1) * call / rate).take_while(|at| *at < time);
        for due in times.map(|at| start + at) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pace_has_its_calls_and_none_before_it_is_due() {
        let mut due = pace(1_000, Duration::from_millis(20));
        let mut times = Vec::new();
        while let Some(time) = due.recv().await {
            assert!(time <= Instant::now());
            times.push(time);
        }
        assert_eq!(times.len(), 20);
        assert_eq!(times[19] - times[0], Duration::from_millis(19));
    }
}
