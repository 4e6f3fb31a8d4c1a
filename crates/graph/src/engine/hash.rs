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
    let mut state = seed ^ FINISHER;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("a chunk has eight bytes"));
        state = folded(state ^ word, MULTIPLIER ^ seed);
    }
    let mut last = [0; 8];
    let rest = chunks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    state = folded(state ^ u64::from_le_bytes(last), MULTIPLIER);
    folded(state ^ text.len() as u64, FINISHER)
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
