//! What a search knows of the pairs it has met.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::super::hash::BuildNameHasher;

/// Up to here looking through all pairs is faster than a map.
const LINEAR_MAX: usize = 12;

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// Not met, or what was known no longer holds.
    Unknown,
    /// Being settled, by the frame of this number.
    Open(u32),
    /// No, unless the frame of this number ends as a yes.
    Provisional(u32),
    Yes,
    No,
}

#[derive(Debug, Default)]
pub(super) struct Memo {
    pairs: SmallVec<[(u64, State); LINEAR_MAX]>,
    places: HashMap<u64, u32, BuildNameHasher>,
}

impl Memo {
    #[inline]
    pub(super) fn clear(&mut self) {
        self.pairs.clear();
        if !self.places.is_empty() {
            self.places = HashMap::default();
        }
    }

    /// The place of a pair, which is new if need be.
    #[inline]
    pub(super) fn place(&mut self, key: u64) -> u32 {
        if self.pairs.len() <= LINEAR_MAX {
            if let Some(place) = self.pairs.iter().position(|(known, _)| *known == key) {
                return place as u32;
            }
            self.pairs.push((key, State::Unknown));
            if self.pairs.len() > LINEAR_MAX {
                self.places = self.pairs.iter().map(|(key, _)| *key).zip(0..).collect();
            }
            return self.pairs.len() as u32 - 1;
        }
        let next = self.pairs.len() as u32;
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.pairs.push((key, State::Unknown));
        }
        place
    }

    #[inline]
    pub(super) fn state(&self, place: u32) -> State {
        self.pairs[place as usize].1
    }

    #[inline]
    pub(super) fn set(&mut self, place: u32, state: State) {
        self.pairs[place as usize].1 = state;
    }
}
