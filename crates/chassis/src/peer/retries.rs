//! How often calls are made again: so seldom that an outage does not grow by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

/// Of a hundred calls so many may be made again, counted over [`WINDOW`]; and so many a second, however few calls there are.
const SHARE: f32 = 0.2;
const A_SECOND_MIN: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);

/// The pause before a call is made again: anything between the two, so that calls that failed at once do not come back at once.
const PAUSE_MIN_US: u64 = 1_000;
const PAUSE_MAX_US: u64 = 20_000;

/// What calls of one peer have left. Clones share it.
#[derive(Clone)]
pub(super) struct Retries {
    budget: Arc<TpsBudget>,
    throws: Arc<AtomicU64>,
}

impl Default for Retries {
    fn default() -> Self {
        Self { budget: Arc::new(TpsBudget::new(WINDOW, A_SECOND_MIN, SHARE)), throws: Arc::default() }
    }
}

impl Retries {
    /// A call is made, for the first time.
    pub(super) fn called(&self) {
        self.budget.deposit();
    }

    /// Whether a call may be made again; if so, that is counted.
    pub(super) fn may_repeat(&self) -> bool {
        self.budget.withdraw()
    }

    /// How long to wait before that. It need not be hard to guess, only different each time.
    pub(super) fn pause(&self) -> Duration {
        let throw =
            self.throws.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Duration::from_micros(PAUSE_MIN_US + throw % (PAUSE_MAX_US - PAUSE_MIN_US))
    }
}

impl std::fmt::Debug for Retries {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Retries").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_most_a_fifth_of_many_calls_is_made_again() {
        let retries = Retries::default();
        let repeated = (0..10_000).filter(|_| {
            retries.called();
            retries.may_repeat()
        });
        let least = u64::from(A_SECOND_MIN) * WINDOW.as_secs();
        let repeated = repeated.count() as u64;
        assert!((1_900..=2_000 + least).contains(&repeated), "{repeated}");
    }

    #[test]
    fn pauses_differ_and_are_short() {
        let retries = Retries::default();
        let mut pauses: Vec<Duration> = (0..50).map(|_| retries.pause()).collect();
        let range = Duration::from_micros(PAUSE_MIN_US)..Duration::from_micros(PAUSE_MAX_US);
        assert!(pauses.iter().all(|pause| range.contains(pause)));
        pauses.sort_unstable();
        pauses.dedup();
        assert!(pauses.len() > 40, "{pauses:?}");
    }
}
