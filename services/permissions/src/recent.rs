//! What was found out lately, kept for as long as what it was found out from stands.
//!
//! A fixed number of places without a lock: each key has one place, and whoever comes later has it. What is kept names the state it
//! is of, and is of no use for another, so nothing here can be out of date; at worst it is worked out again.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// Values by key, each of one state `S`.
#[derive(Debug)]
pub(crate) struct Recent<K, S, V> {
    places: Box<[ArcSwapOption<Kept<K, S, V>>]>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Kept<K, S, V> {
    key: K,
    state: S,
    value: V,
}

impl<K, S: PartialEq, V: Clone> Recent<K, S, V> {
    /// Keeps as many at most.
    pub(crate) fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| ArcSwapOption::empty()).collect(), hasher: RandomState::new() }
    }

    /// The value of a key in a state; worked out by `work_out` if it is not kept. What fails is not kept.
    pub(crate) fn get_or<Q: Hash + ?Sized, E>(
        &self,
        asked: &Q,
        state: S,
        is: impl FnOnce(&K) -> bool,
        work_out: impl FnOnce() -> Result<(K, V), E>,
    ) -> Result<V, E> {
        let hash = self.hasher.hash_one(asked);
        let places = u64::try_from(self.places.len()).expect("there are few places");
        let place = &self.places[usize::try_from(hash % places).expect("below the number of places")];
        if let Some(kept) = place.load().as_deref().filter(|kept| kept.state == state && is(&kept.key)) {
            return Ok(kept.value.clone());
        }
        let (key, value) = work_out()?;
        place.store(Some(Arc::new(Kept { key, state, value: value.clone() })));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn get(recent: &Recent<String, u64, u64>, key: &str, state: u64, value: u64) -> u64 {
        let Ok(value) = recent.get_or::<_, Infallible>(key, state, |kept| kept == key, || Ok((key.to_owned(), value)));
        value
    }

    #[test]
    fn a_value_is_kept_for_its_key_and_its_state_only() {
        let recent = Recent::new(64);
        assert_eq!(get(&recent, "a", 1, 10), 10);
        assert_eq!(get(&recent, "a", 1, 11), 10);
        assert_eq!(get(&recent, "a", 2, 12), 12);
        assert_eq!(get(&recent, "a", 1, 13), 13);
    }

    #[test]
    fn keys_that_share_a_place_take_it_from_each_other_and_never_answer_for_each_other() {
        let recent = Recent::new(1);
        assert_eq!(get(&recent, "a", 1, 10), 10);
        assert_eq!(get(&recent, "b", 1, 20), 20);
        assert_eq!(get(&recent, "a", 1, 30), 30);
    }

    #[test]
    fn what_could_not_be_worked_out_is_tried_again() {
        let recent: Recent<String, u64, u64> = Recent::new(1);
        assert_eq!(recent.get_or("a", 1, |_| true, || Err("no")), Err("no"));
        assert_eq!(get(&recent, "a", 1, 5), 5);
    }
}
