//! The ids of one type as text: one run of bytes in text order, and a hash table of numbers that owns no string.

use super::hash::hashed;
use super::prefetch::prefetch;

/// Ids in one block; with its start a block fills a cache line, and 28 ids of 1,024 bytes stay below 2^16.
const BLOCK_IDS: usize = 28;
/// Numbers in one bucket; with their tags they fill a cache line.
const BUCKET_IDS: usize = 12;
/// How full the buckets are on average, of twelve.
const BUCKET_IDS_MEAN: usize = 9;

/// Numbers `0..len` and their texts, both ways; the numbers are in the order of the texts.
#[derive(Debug)]
pub(super) struct Strings {
    seed: u64,
    text: String,
    blocks: Vec<Block>,
    buckets: Vec<Bucket>,
    len: usize,
}

/// Where the texts of 28 numbers start.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Block {
    start: u64,
    after: [u16; BLOCK_IDS],
}

/// Numbers whose hashes fall together; a full bucket goes on in the next.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket {
    ids: [u32; BUCKET_IDS],
    /// Eight bits of each hash, 0 where nothing is stored.
    tags: [u8; BUCKET_IDS],
}

/// Where a text would be found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    bucket: usize,
    tag: u8,
}

impl Strings {
    /// The table of `len` texts of `bytes` in all, which come in ascending order and without repetitions.
    pub(super) fn of<'t>(seed: u64, len: usize, bytes: usize, texts: impl Iterator<Item = &'t str>) -> Self {
        let mut strings = Self {
            seed,
            text: String::with_capacity(bytes),
            blocks: vec![Block { start: bytes as u64, after: [0; BLOCK_IDS] }; len / BLOCK_IDS + 1],
            buckets: vec![Bucket { ids: [0; BUCKET_IDS], tags: [0; BUCKET_IDS] }; len / BUCKET_IDS_MEAN + 1],
            len,
        };
        for (id, text) in texts.enumerate() {
            let block = &mut strings.blocks[id / BLOCK_IDS];
            if id % BLOCK_IDS == 0 {
                block.start = strings.text.len() as u64;
            }
            let after = strings.text.len() as u64 - block.start;
            block.after[id % BLOCK_IDS] = u16::try_from(after).expect("28 ids of 1,024 bytes stay below 2^16");
            strings.text.push_str(text);
            strings.put(id as u32, text);
        }
        strings
    }

    fn put(&mut self, id: u32, text: &str) {
        let Probe { mut bucket, tag } = self.probe(text);
        loop {
            let found = &mut self.buckets[bucket];
            if let Some(free) = found.tags.iter().position(|tag| *tag == 0) {
                found.tags[free] = tag;
                found.ids[free] = id;
                return;
            }
            bucket = (bucket + 1) % self.buckets.len();
        }
    }

    /// The text of a number below `len`.
    #[inline]
    pub(super) fn text(&self, id: u32) -> &str {
        let id = id as usize;
        let end = if id + 1 == self.len { self.text.len() } else { self.start(id + 1) };
        &self.text[self.start(id)..end]
    }

    #[inline]
    fn start(&self, id: usize) -> usize {
        let block = &self.blocks[id / BLOCK_IDS];
        block.start as usize + usize::from(block.after[id % BLOCK_IDS])
    }

    /// The number of a text.
    #[inline]
    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.found(self.probe(text), text)
    }

    /// Where to look for the text.
    #[inline]
    pub(super) fn probe(&self, text: &str) -> Probe {
        let hash = hashed(text.as_bytes(), self.seed);
        let bucket = (u128::from(hash) * self.buckets.len() as u128) >> 64;
        Probe { bucket: bucket as usize, tag: (hash as u8).max(1) }
    }

    /// The number of the text that the probe was made for.
    #[inline]
    pub(super) fn found(&self, probe: Probe, text: &str) -> Option<u32> {
        let mut at = probe.bucket;
        // The table is never full, so a bucket with a free place comes.
        loop {
            let bucket = &self.buckets[at];
            for (tag, id) in bucket.tags.iter().zip(bucket.ids) {
                if *tag == probe.tag && self.text(id) == text {
                    return Some(id);
                }
            }
            if bucket.tags[BUCKET_IDS - 1] == 0 {
                return None;
            }
            at = (at + 1) % self.buckets.len();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.blocks.capacity() * size_of::<Block>()
            + self.buckets.capacity() * size_of::<Bucket>()
    }

    /// The first of three prefetches on the way to a number.
    #[inline]
    pub(super) fn prefetch_bucket(&self, probe: Probe) {
        prefetch(&self.buckets, probe.bucket);
    }

    /// The second of the three.
    #[inline]
    pub(super) fn prefetch_block(&self, probe: Probe) {
        if let Some(id) = self.candidate(probe) {
            prefetch(&self.blocks, id / BLOCK_IDS);
        }
    }

    /// The third of the three.
    #[inline]
    pub(super) fn prefetch_text(&self, probe: Probe) {
        if let Some(id) = self.candidate(probe) {
            prefetch(self.text.as_bytes(), self.start(id));
        }
    }

    #[inline]
    fn candidate(&self, probe: Probe) -> Option<usize> {
        let bucket = &self.buckets[probe.bucket];
        let place = bucket.tags.iter().position(|tag| *tag == probe.tag)?;
        Some(bucket.ids[place] as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_under_its_number_and_no_other_text_is() {
        for count in [0, 1, 27, 28, 29, 5_000] {
            let mut texts: Vec<String> = (0..count).map(|n| format!("{}{n}", "x".repeat(n * 37 % 1_000))).collect();
            texts.sort();
            let strings = Strings::of(9, count, texts.iter().map(String::len).sum(), texts.iter().map(String::as_str));
            assert_eq!(strings.len(), count);
            for (id, text) in texts.iter().enumerate() {
                assert_eq!(strings.text(id as u32), text);
                assert_eq!(strings.id(text), Some(id as u32));
            }
            assert_eq!(strings.id("absent"), None);
        }
    }
}
