//! Adjacency that never changes: compressed sparse rows, in which an empty row costs a quarter of a byte.

use super::prefetch::prefetch;

/// For every row number an ascending list of numbers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    words: Vec<Word>,
    /// Where each row that is not empty starts in `entries`, and where the last one ends.
    starts: Vec<u32>,
    entries: Vec<u32>,
}

/// Which of 64 rows are not empty.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    bits: u64,
    /// How many rows before these 64 are not empty.
    before: u32,
}

impl Rows {
    /// Rows `0..count` holding the pairs (row, entry), in any order and with repetitions.
    pub(super) fn of(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; count + 1];
        pairs.clone().for_each(|(row, _)| starts[row as usize] += 1);
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        let mut entries = vec![0; sum as usize];
        for (row, entry) in pairs {
            let next = &mut starts[row as usize];
            entries[*next as usize] = entry;
            *next += 1;
        }
        // Now each start has moved to its row's end.
        let mut rows = Self { words: vec![Word::default(); count.div_ceil(64)], starts: Vec::new(), entries };
        rows.tidy(&starts[..count]);
        rows
    }

    /// Sorts each row, drops repetitions and forgets the empty rows.
    fn tidy(&mut self, ends: &[u32]) {
        let kept_rows = ends.iter().scan(0, |before, end| Some(*end != std::mem::replace(before, *end)));
        self.starts.reserve_exact(kept_rows.filter(|kept| *kept).count() + 1);
        let (mut from, mut to) = (0, 0);
        for (row, end) in ends.iter().enumerate() {
            let end = *end as usize;
            let word = &mut self.words[row / 64];
            if row % 64 == 0 {
                word.before = self.starts.len() as u32;
            }
            if from == end {
                continue;
            }
            word.bits |= 1 << (row % 64);
            self.starts.push(to as u32);
            if !self.entries[from..end].is_sorted() {
                self.entries[from..end].sort_unstable();
            }
            let first = to;
            for at in from..end {
                let entry = self.entries[at];
                if to == first || self.entries[to - 1] != entry {
                    self.entries[to] = entry;
                    to += 1;
                }
            }
            from = end;
        }
        self.starts.push(to as u32);
        self.entries.truncate(to);
        self.entries.shrink_to_fit();
    }

    /// The row's list; a row that was never there is empty.
    #[inline]
    pub(super) fn row(&self, row: u32) -> &[u32] {
        match self.rank(row) {
            Some(rank) => &self.entries[self.starts[rank] as usize..self.starts[rank + 1] as usize],
            None => &[],
        }
    }

    #[inline]
    fn rank(&self, row: u32) -> Option<usize> {
        let word = self.words.get(row as usize / 64)?;
        let bit = 1_u64 << (row % 64);
        (word.bits & bit != 0).then(|| word.before as usize + (word.bits & (bit - 1)).count_ones() as usize)
    }

    /// The rows that are not empty.
    pub(super) fn filled(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        let rows = 0..self.words.len() as u32 * 64;
        rows.filter(|row| self.words[*row as usize / 64].bits >> (row % 64) & 1 == 1)
    }

    /// How many numbers all lists hold together.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<Word>() + (self.starts.capacity() + self.entries.capacity()) * 4
    }

    /// The first of three prefetches that bring a row near, each to be called when the one before has had time.
    #[inline]
    pub(super) fn prefetch_word(&self, row: u32) {
        prefetch(&self.words, row as usize / 64);
    }

    /// The second of the three.
    #[inline]
    pub(super) fn prefetch_start(&self, row: u32) {
        if let Some(rank) = self.rank(row) {
            prefetch(&self.starts, rank);
        }
    }

    /// The third of the three.
    #[inline]
    pub(super) fn prefetch_entries(&self, row: u32) {
        if let Some(rank) = self.rank(row) {
            prefetch(&self.entries, self.starts[rank] as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_without_repetitions_and_the_rest_is_empty() {
        let pairs = [(70, 3), (0, 9), (70, 1), (0, 9), (70, 2), (129, 5)];
        let rows = Rows::of(130, pairs.into_iter());
        assert_eq!(rows.row(0), [9]);
        assert_eq!(rows.row(70), [1, 2, 3]);
        assert_eq!(rows.row(129), [5]);
        assert!((1..70).chain(71..129).chain([130, u32::MAX]).all(|row| rows.row(row).is_empty()));
        assert_eq!(rows.filled().collect::<Vec<_>>(), [0, 70, 129]);
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn no_rows_and_no_pairs_are_fine() {
        assert!(Rows::of(0, [].into_iter()).row(0).is_empty());
        assert!(Rows::of(100, [].into_iter()).row(99).is_empty());
    }
}
