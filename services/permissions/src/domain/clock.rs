//! The database's time, without asking it.
//!
//! Every look at the head brings the time that the database had. Between two looks the machine's own monotonic clock goes on
//! from there. What is told is never earlier than the database's time, so whatever ends at a time ends early rather than late,
//! and it never goes back.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// How much faster the database's clock may go than this machine's: one part in a thousand, which is ten times what clocks do.
const DRIFT_PARTS: u32 = 1_000;

/// What is known of the database's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DatabaseClock {
    seen: Option<Seen>,
    /// The latest time that was told.
    told: Option<OffsetDateTime>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// No earlier than what the database's clock showed at `at`.
    time: OffsetDateTime,
    at: Instant,
}

impl DatabaseClock {
    /// Takes in the time that an answer brought, whose question left at `asked` and which came at `answered`.
    pub(crate) fn see(&mut self, time: OffsetDateTime, asked: Instant, answered: Instant) {
        // It may have been read as late as the answer came, or as early as the question left: then as much has passed since.
        self.seen = Some(Seen { time: time + at_most(answered.saturating_duration_since(asked)), at: answered });
    }

    /// The time there, at the latest; none before the first look.
    pub(crate) fn now(&mut self, at: Instant) -> Option<OffsetDateTime> {
        let seen = self.seen?;
        let now = seen.time + at_most(at.saturating_duration_since(seen.at));
        self.told = self.told.max(Some(now));
        self.told
    }

    /// How long ago the database was last heard of; none before the first look.
    pub(crate) fn age(&self, at: Instant) -> Option<Duration> {
        self.seen.map(|seen| at.saturating_duration_since(seen.at))
    }
}

/// How much may have passed there while this much passed here.
fn at_most(passed: Duration) -> Duration {
    passed + passed / DRIFT_PARTS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn before_the_first_look_there_is_no_time() {
        let now = Instant::now();
        assert_eq!(DatabaseClock::default().now(now), None);
        assert_eq!(DatabaseClock::default().age(now), None);
    }

    proptest! {
        #[test]
        fn it_is_never_behind_the_database_and_never_goes_back(
            looks in proptest::collection::vec((0_u64..5_000, 0_u64..400, 0_u64..=400, -900_i64..=900), 1..40),
        ) {
            let zero = Instant::now();
            let (mut clock, mut last) = (DatabaseClock::default(), START);
            // The database's clock goes up to 900 parts in a million faster or slower than ours.
            let (mut here, mut there) = (0_u64, 0_f64);
            for (pause, trip, read_after, drift) in looks {
                let pass = |millis: u64| millis as f64 * (1.0 + drift as f64 / 1e6);
                let at = |millis: u64| zero + Duration::from_millis(millis);
                here += pause;
                there += pass(pause);
                if let Some(now) = clock.now(at(here)) {
                    prop_assert!(now - START >= time::Duration::seconds_f64(there / 1e3) - time::Duration::microseconds(1));
                    prop_assert!(now >= last);
                    last = now;
                }
                let read_after = read_after.min(trip);
                let read = START + time::Duration::seconds_f64((there + pass(read_after)) / 1e3);
                clock.see(read, at(here), at(here + trip));
                here += trip;
                there += pass(trip);
            }
        }
    }
}
