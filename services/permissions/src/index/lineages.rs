//! What a replica knows of its own history: the lineage of each revision that it followed, as far back as there is room.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::digest::Lineage;

/// How many of the newest revisions are known: 8 MiB, and some three hours at 100 revisions a second.
pub(crate) const FOLLOWED_MAX: usize = 1 << 20;

/// How many older ones, which the database was asked about, are remembered: some 2 MiB. Then it begins anew.
const LEARNT_MAX: usize = 1 << 16;

/// The lineages of one life's revisions, by their numbers. One task adds to them; anybody reads, without a lock where it is
/// one that was followed.
#[derive(Debug)]
pub(crate) struct Lineages {
    /// Each in the slot of its number, modulo their count.
    followed: Box<[AtomicU64]>,
    oldest: AtomicU64,
    newest: AtomicU64,
    learnt: Mutex<HashMap<u64, Lineage>>,
    /// Below it nothing is stored by which the database could tell.
    floor: AtomicU64,
}

impl Lineages {
    /// Of a history that is known from a revision on.
    pub(super) fn new(followed_max: usize, number: u64, lineage: Lineage, floor: u64) -> Self {
        let new = Self {
            followed: (0..followed_max).map(|_| AtomicU64::new(0)).collect(),
            oldest: AtomicU64::new(number),
            newest: AtomicU64::new(number),
            learnt: Mutex::default(),
            floor: AtomicU64::new(floor),
        };
        new.slot(number).store(lineage.0, Ordering::Release);
        new
    }

    /// What is known of a number; none if it is not yet, or not any more.
    pub(super) fn of(&self, number: u64) -> Option<Lineage> {
        if number > self.newest.load(Ordering::Acquire) {
            return None;
        }
        let lineage = Lineage(self.slot(number).load(Ordering::Relaxed));
        // Whoever sees a slot of a later round sees here that the number is gone.
        fence(Ordering::Acquire);
        if number >= self.oldest.load(Ordering::Relaxed) {
            return Some(lineage);
        }
        self.learnt().get(&number).copied()
    }

    /// Goes on to a later revision. Any between that do not exist change nothing, and so are of the lineage before.
    pub(super) fn follow(&self, number: u64, lineage: Lineage) {
        let newest = self.newest.load(Ordering::Relaxed);
        let before = Lineage(self.slot(newest).load(Ordering::Relaxed));
        for skipped in newest + 1..number {
            self.put(skipped, before);
        }
        if number > newest {
            self.put(number, lineage);
        }
    }

    fn put(&self, number: u64, lineage: Lineage) {
        let oldest = (number + 1).saturating_sub(self.followed.len() as u64);
        self.oldest.fetch_max(oldest, Ordering::Relaxed);
        fence(Ordering::Release);
        self.slot(number).store(lineage.0, Ordering::Relaxed);
        self.newest.store(number, Ordering::Release);
    }

    /// Remembers what the database said of an older revision of this history.
    pub(super) fn learn(&self, number: u64, lineage: Lineage) {
        let mut learnt = self.learnt();
        if learnt.len() >= LEARNT_MAX {
            learnt.clear();
        }
        learnt.insert(number, lineage);
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Relaxed)
    }

    pub(super) fn raise_floor(&self, floor: u64) {
        self.floor.fetch_max(floor, Ordering::Relaxed);
    }

    fn slot(&self, number: u64) -> &AtomicU64 {
        &self.followed[(number % self.followed.len() as u64) as usize]
    }

    fn learnt(&self) -> MutexGuard<'_, HashMap<u64, Lineage>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_known_as_there_is_room_for_and_those_that_were_learnt() {
        let lineages = Lineages::new(4, 10, Lineage(10), 0);
        for number in 11..=15 {
            lineages.follow(number, Lineage(number));
        }
        for (number, known) in [(9, false), (11, false), (12, true), (15, true), (16, false)] {
            assert_eq!(lineages.of(number), known.then_some(Lineage(number)), "{number}");
        }
        lineages.learn(9, Lineage(9));
        assert_eq!(lineages.of(9), Some(Lineage(9)));
    }

    #[test]
    fn numbers_that_no_revision_has_are_of_the_lineage_before() {
        let lineages = Lineages::new(8, 0, Lineage(7), 0);
        lineages.follow(3, Lineage(8));
        assert_eq!([0, 1, 2, 3].map(|number| lineages.of(number)), [7, 7, 7, 8].map(|lineage| Some(Lineage(lineage))));
        // Where it stands already there is nothing to follow.
        lineages.follow(3, Lineage(9));
        assert_eq!(lineages.of(3), Some(Lineage(8)));
    }

    #[test]
    fn what_was_learnt_does_not_grow_without_end() {
        let lineages = Lineages::new(1, u64::MAX, Lineage(0), 0);
        for number in 0..=LEARNT_MAX as u64 {
            lineages.learn(number, Lineage(number));
        }
        assert_eq!(lineages.learnt().len(), 1);
    }

    #[test]
    fn a_reader_never_takes_a_number_for_another_while_they_move_on() {
        let lineages = Lineages::new(4, 0, Lineage(0), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| (1..200_000).for_each(|number| lineages.follow(number, Lineage(number))));
            for _ in 0..200_000 {
                let number = lineages.newest.load(Ordering::Acquire).saturating_sub(3);
                assert!(lineages.of(number).is_none_or(|lineage| lineage == Lineage(number)));
            }
        });
    }
}
