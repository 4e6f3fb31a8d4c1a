//! How many calls are let in at once: as many as the process can serve in time, found out while it serves.
//!
//! The sign of too many is a standing queue: work that is ready to go on, and still waits for a processor even at the best moment of a
//! while (CoDel, Nichols and Jacobson, ACM Queue 2012; the least delay tells a queue that stands from one that comes and goes). The
//! limit falls by an eighth for each such while, by half if the queue is long, and rises again when it is needed and nothing stands
//! (additive increase, multiplicative decrease). How long calls take says nothing here: one that waits for its database costs nobody else a processor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contract::metrics::chassis as declared;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// The least limit: a machine that stalls for a moment must not become an outage.
const LIMIT_MIN: usize = 64;

/// A queue stands if its delay is never less than this for a [`WHILE`].
const DELAY_MAX: Duration = Duration::from_millis(20);
const WHILE: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A queue with so long a delay is a flood: eighths would take many whiles, each of which takes the longer for it.
const DELAY_LONG: Duration = Duration::from_millis(160);

/// Of the calls that are let in so many eighths may change something: those wait for the database, and with it gone they must
/// leave room for what is answered without.
const CHANGES_EIGHTHS: usize = 4;

/// By how many eighths of `calls_max` administration may exceed the limit: to find out what is wrong, and to end it.
const ADMINISTRATION_EIGHTHS: usize = 1;

/// What a call is, as far as its being let in goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Whether it changes something.
    pub(crate) is_change: bool,
    /// Whether it is one that people and their tools make through the gateway.
    pub(crate) is_administration: bool,
}

/// The calls that are under way, and how many may be.
#[derive(Debug)]
pub(crate) struct Admission {
    calls_max: usize,
    limit: AtomicUsize,
    under_way: AtomicUsize,
    changes: AtomicUsize,
    /// The most calls under way in the present while.
    peak: AtomicUsize,
}

/// The place of a call that was let in, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    admission: &'a Admission,
    is_change: bool,
}

impl Admission {
    /// At most so many calls, which is also where the limit begins.
    pub(crate) fn new(calls_max: usize) -> Self {
        let (under_way, changes, peak) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        Self { calls_max, limit: AtomicUsize::new(calls_max), under_way, changes, peak }
    }

    /// A place for a call; or the name of the limit that leaves none.
    pub(crate) fn enter(&self, kind: Kind) -> Result<Place<'_>, &'static str> {
        let reserve = if kind.is_administration { self.calls_max * ADMINISTRATION_EIGHTHS / 8 } else { 0 };
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        if before >= self.limit.load(Ordering::Relaxed) + reserve {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            return Err("calls_max");
        }
        if before >= self.peak.load(Ordering::Relaxed) {
            self.peak.store(before + 1, Ordering::Relaxed);
        }
        // Gives the place back if it is a change too many.
        let mut place = Place { admission: self, is_change: false };
        if kind.is_change {
            place.is_change = true;
            let changes = self.changes.fetch_add(1, Ordering::Relaxed);
            if changes >= (self.calls_max * CHANGES_EIGHTHS / 8).max(1) {
                return Err("changes_max");
            }
        }
        Ok(place)
    }

    /// Adapts the limit to a while in which the least delay was this.
    fn adapt(&self, least_delay: Duration) {
        let limit = self.limit.load(Ordering::Relaxed);
        let under_way = self.under_way.load(Ordering::Relaxed);
        let peak = self.peak.swap(under_way, Ordering::Relaxed);
        let adapted = if least_delay > DELAY_MAX {
            // From what was really under way: a limit that nobody reached has caused nothing.
            let eighths_kept = if least_delay > DELAY_LONG { 4 } else { 7 };
            (limit.min(peak) * eighths_kept / 8).max(LIMIT_MIN.min(self.calls_max))
        } else if peak * 2 > limit {
            (limit + (limit / 8).max(1)).min(self.calls_max)
        } else {
            limit
        };
        if adapted < limit {
            tracing::warn!(limit = adapted, ?least_delay, "fewer calls are let in: work waits for a processor");
        }
        self.limit.store(adapted, Ordering::Relaxed);
    }

    /// Looks after the limit for as long as the service runs.
    pub(crate) fn look_after(self: Arc<Self>, metrics: &Metrics) -> impl Future<Output = ()> + Send + use<> {
        let (limit, under_way) = (Gauge::<i64>::default(), Gauge::<i64>::default());
        metrics.register(&declared::CALLS_LIMIT, limit.clone());
        metrics.register(&declared::CALLS_UNDER_WAY, under_way.clone());
        self.adapt_as_it_goes(limit, under_way)
    }

    async fn adapt_as_it_goes(self: Arc<Self>, limit: Gauge, under_way: Gauge) {
        let gauge = |count: &AtomicUsize| i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        loop {
            let began = Instant::now();
            let mut least = Duration::MAX;
            while began.elapsed() < WHILE {
                let due = Instant::now() + LOOK_EVERY;
                tokio::time::sleep_until(due).await;
                least = least.min(due.elapsed());
            }
            self.adapt(least);
            limit.set(gauge(&self.limit));
            under_way.set(gauge(&self.under_way));
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.admission.under_way.fetch_sub(1, Ordering::Relaxed);
        if self.is_change {
            self.admission.changes.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Kind = Kind { is_change: false, is_administration: false };
    const CHANGE: Kind = Kind { is_change: true, is_administration: false };
    const ADMINISTRATION: Kind = Kind { is_change: false, is_administration: true };

    fn enter(admission: &Admission, kind: Kind, count: usize) -> Vec<Place<'_>> {
        (0..count).map_while(|_| admission.enter(kind).ok()).collect()
    }

    #[test]
    fn one_call_too_many_is_refused_and_administration_has_room_left() {
        let admission = Admission::new(80);
        let places = enter(&admission, READ, 100);
        assert_eq!((places.len(), admission.enter(READ).err()), (80, Some("calls_max")));
        let more = enter(&admission, ADMINISTRATION, 100);
        assert_eq!((more.len(), admission.enter(ADMINISTRATION).err()), (10, Some("calls_max")));
        drop((places, more));
        assert_eq!(enter(&admission, READ, 100).len(), 80);
    }

    #[test]
    fn changes_that_wait_leave_room_for_reads() {
        let admission = Admission::new(80);
        let changes = enter(&admission, CHANGE, 100);
        assert_eq!((changes.len(), admission.enter(CHANGE).err()), (40, Some("changes_max")));
        assert_eq!(enter(&admission, READ, 100).len(), 40);
        drop(changes);
        assert_eq!(enter(&admission, CHANGE, 100).len(), 40);
    }

    #[test]
    fn a_queue_that_stands_lowers_the_limit_to_a_floor_and_it_rises_again_when_it_is_needed() {
        let admission = Admission::new(1_024);
        let late = DELAY_MAX + Duration::from_millis(1);
        let places = enter(&admission, READ, 800);
        admission.adapt(late);
        assert_eq!(admission.limit.load(Ordering::Relaxed), 700, "an eighth less than what was under way");
        for _ in 0..50 {
            admission.adapt(late);
        }
        assert_eq!(admission.limit.load(Ordering::Relaxed), LIMIT_MIN);
        drop(places);
        admission.adapt(Duration::ZERO);
        admission.adapt(Duration::ZERO);
        assert_eq!(
            admission.limit.load(Ordering::Relaxed),
            72,
            "the peak of the while before still counts, and no other"
        );
        for _ in 0..50 {
            let _places = enter(&admission, READ, 1_000);
            admission.adapt(Duration::ZERO);
        }
        assert_eq!(admission.limit.load(Ordering::Relaxed), 1_024);
    }

    #[test]
    fn a_long_queue_halves_the_limit() {
        let admission = Admission::new(1_024);
        let _places = enter(&admission, READ, 1_000);
        admission.adapt(DELAY_LONG + Duration::from_millis(1));
        admission.adapt(DELAY_LONG + Duration::from_millis(1));
        assert_eq!(admission.limit.load(Ordering::Relaxed), 250, "half, and half again, of what was under way");
    }

    #[test]
    fn a_delay_while_nothing_is_asked_leaves_a_service_of_few_calls_as_it_was() {
        let admission = Admission::new(8);
        admission.adapt(DELAY_MAX * 2);
        assert_eq!(enter(&admission, READ, 100).len(), 8);
    }
}
