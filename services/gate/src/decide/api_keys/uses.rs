//! When API keys were used, until identity was told. What was not told yet is lost when the process ends at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};

/// Of how many keys it is remembered that they were used. Of those beyond identity does not hear until there is place.
const KEYS_MAX: usize = 100_000;

/// How many uses are told at once. Identity takes no more.
const TOLD_AT_ONCE_MAX: usize = 1_000;

/// How long nothing more is told of a key of which something was told.
const PAUSE: Duration = Duration::MINUTE;

/// The last uses of keys, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<String, Use>>);

#[derive(Clone, Copy, Debug)]
struct Use {
    last: OffsetDateTime,
    is_told: bool,
    /// When something was told of the key.
    told_at: Option<OffsetDateTime>,
}

impl Uses {
    /// A key was used.
    pub(crate) fn note(&self, id: &str, now: OffsetDateTime) {
        let mut uses = self.uses();
        if let Some(noted) = uses.get_mut(id) {
            *noted = Use { last: now, is_told: false, ..*noted };
        } else if uses.len() < KEYS_MAX {
            uses.insert(id.to_owned(), Use { last: now, is_told: false, told_at: None });
        }
    }

    /// What identity should be told now, a call's worth of it; forgets what need not be told any more.
    pub(crate) fn due(&self, now: OffsetDateTime) -> Vec<(String, OffsetDateTime)> {
        let mut uses = self.uses();
        uses.retain(|_, noted| !(noted.is_told && noted.may_be_told(now)));
        let due = uses.iter().filter(|(_, noted)| !noted.is_told && noted.may_be_told(now));
        due.take(TOLD_AT_ONCE_MAX).map(|(id, noted)| (id.clone(), noted.last)).collect()
    }

    /// Identity was told.
    pub(crate) fn told(&self, told: &[(String, OffsetDateTime)], now: OffsetDateTime) {
        let mut uses = self.uses();
        for (id, last) in told {
            if let Some(noted) = uses.get_mut(id) {
                // It may have been used again meanwhile.
                *noted = Use { is_told: noted.last == *last, told_at: Some(now), ..*noted };
            }
        }
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Use {
    fn may_be_told(&self, now: OffsetDateTime) -> bool {
        self.told_at.is_none_or(|told_at| now - told_at >= PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn a_key_is_told_of_at_once_and_then_at_most_once_a_minute() {
        let uses = Uses::default();
        uses.note("a", at(0));
        let due = uses.due(at(0));
        assert_eq!(due, [("a".to_owned(), at(0))]);
        uses.note("a", at(1));
        uses.told(&due, at(1));
        assert_eq!(uses.due(at(60)), []);
        assert_eq!(uses.due(at(61)), [("a".to_owned(), at(1))]);
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
        let uses = Uses::default();
        uses.note("a", at(0));
        assert_eq!(uses.due(at(0)), uses.due(at(5)));
    }

    #[test]
    fn a_key_that_is_used_no_more_takes_no_place() {
        let uses = Uses::default();
        uses.note("a", at(0));
        uses.told(&uses.due(at(0)), at(0));
        assert_eq!(uses.due(at(60)), []);
        assert!(uses.uses().is_empty());
    }

    #[test]
    fn many_keys_are_told_of_in_several_calls_and_there_is_place_for_no_more_than_the_limit() {
        let uses = Uses::default();
        for number in 0..=KEYS_MAX {
            uses.note(&number.to_string(), at(0));
        }
        assert_eq!(uses.uses().len(), KEYS_MAX);
        let first = uses.due(at(0));
        assert_eq!(first.len(), TOLD_AT_ONCE_MAX);
        uses.told(&first, at(0));
        assert!(uses.due(at(0)).iter().all(|use_| !first.contains(use_)));
    }
}
