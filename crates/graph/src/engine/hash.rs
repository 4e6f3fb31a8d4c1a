//! A hash of short texts: multiply and fold, as in wyhash (Wang Yi, public domain), with a seed.

use std::hash::{BuildHasherDefault, Hasher};

const MULTIPLIER: u64 = 0xa076_1d64_78bd_642f;
const FINISHER: u64 = 0xe703_7ed1_a0b4_28db;

fn folded(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Whoever does not know the seed cannot choose texts that collide.
#[inline]
pub(super) fn hashed(text: &[u8], seed: u64) -> u64 {
    let (mut first, last) = ends_of(text);
    if text.len() > 16 {
        let mut state = seed ^ FINISHER;
        for chunk in text[..text.len() - 1].chunks_exact(8) {
            state = folded(state ^ word_of(chunk), MULTIPLIER ^ seed);
        }
        first = state;
    }
    let state = folded(first ^ seed ^ FINISHER, last ^ seed.rotate_left(32) ^ MULTIPLIER);
    folded(state ^ text.len() as u64, FINISHER)
}

/// Whether two texts are the same; for short ones faster than the call that comparing them would be.
#[inline]
pub(super) fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() || left.len() > 16 { left == right } else { ends_of(left) == ends_of(right) }
}

/// The first and the last eight bytes. Of a text of up to sixteen bytes they are all of it.
#[inline]
fn ends_of(text: &[u8]) -> (u64, u64) {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word_of(text), 0),
    }
}

/// Up to eight bytes as a number, another one for every other text of the same length. Copying them would be a call.
#[inline]
pub(super) fn word_of(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    match bytes {
        [] => 0,
        [first, ..] => {
            let (middle, last) = (bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
            u64::from(*first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
    }
}

/// Hashes names, which come from a schema, and numbers that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameHasher(u64);

/// Builds [`NameHasher`]s.
pub(super) type BuildNameHasher = BuildHasherDefault<NameHasher>;

impl Hasher for NameHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hashed(bytes, self.0);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.0 = folded(self.0 ^ value ^ FINISHER, MULTIPLIER);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_of_every_length_differ_in_their_hash_wherever_they_differ() {
        for len in 0..80 {
            let text = vec![b'a'; len];
            let changed = (0..len).map(|at| {
                let mut other = text.clone();
                other[at] = b'b';
                other
            });
            let all: Vec<Vec<u8>> = changed.chain([text.clone(), vec![b'a'; len + 1]]).collect();
            assert_eq!(all.iter().map(|text| hashed(text, 5)).collect::<HashSet<_>>().len(), all.len());
            assert!(all.iter().all(|other| is_same(&text, other) == (text == *other)));
            assert_ne!(hashed(&text, 5), hashed(&text, 6));
        }
    }
}
