//! Dice whose throws follow from a seed, which a story prints: the same seed throws the same again.

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// With the seed in `BAILIWICK_SEED`, or another one each time.
    pub(crate) fn take() -> Self {
        let given = testing::surroundings::variable("BAILIWICK_SEED").map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| u64::from_be_bytes(testing::surroundings::random()));
        println!("the seed is {seed}: BAILIWICK_SEED={seed} throws the same again");
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn throw(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
