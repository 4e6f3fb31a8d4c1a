//! How often identity may be asked about a key that it has not told of.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many times at once.
const BURST: u32 = 20;

/// How long until one of them may be had again.
const EVERY: Duration = Duration::from_millis(200);

/// A bucket of look-ups. Whoever makes keys up empties it, and identity hears no more of them.
#[derive(Debug)]
pub(super) struct Allowance {
    /// When the bucket is full again.
    full_at: Mutex<Instant>,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: Mutex::new(now) }
    }

    /// Takes one out, if there is one.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + EVERY;
        let is_there = next <= now + EVERY * BURST;
        if is_there {
            *full_at = next;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_content_at_once_and_then_one_at_a_time() {
        let start = Instant::now();
        let allowance = Allowance::new(start);
        let taken = |at: Instant| (0..1_000).filter(|_| allowance.take(at)).count();
        assert_eq!(taken(start), 20);
        assert_eq!(taken(start + EVERY / 2), 0);
        assert_eq!(taken(start + EVERY), 1);
        assert_eq!(taken(start + EVERY * 4), 3);
        assert_eq!(taken(start + EVERY * 1_000), 20);
    }
}
