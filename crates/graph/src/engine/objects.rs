//! The objects of one type: their records in the order of their ids, and how to come to a record by number or by id.

use super::hash::{hashed, is_same};
use super::prefetch::prefetch;
use super::record::{self, Record};

/// Records that one line of `starts` finds.
const LINE_RECORDS: usize = 14;
/// Words of such a line: where its records begin, in two words, and how far behind each of them starts.
const LINE_WORDS: usize = 16;
/// Slots of a bucket, which is a cache line.
const BUCKET_SLOTS: usize = 8;
/// How many of them are taken on average: fewer cost memory, more the way to the next bucket.
const BUCKET_SLOTS_MEAN: usize = 5;
/// Where in a slot the hash's 24 bits are; below them is where the record starts, in words.
const TAG_SHIFT: u32 = 40;

/// Numbers `0..len` in the order of the ids' texts, and a record of each. Arrays of plain numbers that never change.
#[derive(Debug)]
pub(super) struct Objects {
    seed: u64,
    len: usize,
    /// Buckets of tags and starts by the hash of an id's text; 0 is a free slot, and a full bucket goes on in the next.
    slots: Vec<u64>,
    /// Starts by number.
    starts: Vec<u32>,
    /// The records.
    words: Vec<u32>,
    /// How many of the words are about ids rather than rows.
    text_words: usize,
}

/// Where an id would be found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    bucket: usize,
    tag: u64,
}

/// An object with its rows as of the base.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'s> {
    pub(super) number: u32,
    pub(super) record: Record<'s>,
}

impl Objects {
    /// No objects, and no place for any.
    pub(super) const EMPTY: Self =
        Self { seed: 0, len: 0, slots: Vec::new(), starts: Vec::new(), words: Vec::new(), text_words: 0 };

    /// No objects yet; [`push`](Self::push) adds up to `count` of them.
    pub(super) fn with_capacity(seed: u64, count: usize) -> Self {
        Self {
            seed,
            slots: vec![0; (count / BUCKET_SLOTS_MEAN + 1) * BUCKET_SLOTS],
            starts: Vec::with_capacity(count.div_ceil(LINE_RECORDS) * LINE_WORDS),
            ..Self::EMPTY
        }
    }

    /// Adds the next object in the order of the texts, with its rows in the order of the tables, none of them empty.
    pub(super) fn push(&mut self, text: &str, rows: &[(u32, &[u32])]) {
        let start = self.words.len() as u64;
        let within = self.len % LINE_RECORDS;
        if within == 0 {
            self.starts.extend([start as u32, (start >> 32) as u32]);
            self.starts.resize(self.starts.len() + LINE_RECORDS, 0);
        }
        let line = self.starts.len() - LINE_WORDS;
        let after = start - self.line_start(line);
        self.starts[line + 2 + within] = u32::try_from(after).expect("rows have fewer than 2^32 entries in all");
        record::write(&mut self.words, self.len as u32, text, rows);
        self.text_words += record::words_of_text(text);
        self.len += 1;
        self.put(start, text);
    }

    fn put(&mut self, start: u64, text: &str) {
        let Probe { mut bucket, tag } = self.probe(text);
        loop {
            let slots = &mut self.slots[bucket * BUCKET_SLOTS..][..BUCKET_SLOTS];
            if let Some(free) = slots.iter_mut().find(|slot| **slot == 0) {
                *free = tag << TAG_SHIFT | start;
                return;
            }
            bucket = self.after(bucket);
        }
    }

    fn after(&self, bucket: usize) -> usize {
        if (bucket + 1) * BUCKET_SLOTS == self.slots.len() { 0 } else { bucket + 1 }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.words.shrink_to_fit();
    }

    #[inline]
    fn line_start(&self, line: usize) -> u64 {
        u64::from(self.starts[line]) | u64::from(self.starts[line + 1]) << 32
    }

    #[inline]
    fn start(&self, number: u32) -> usize {
        let (line, within) = (number as usize / LINE_RECORDS * LINE_WORDS, number as usize % LINE_RECORDS);
        self.line_start(line) as usize + self.starts[line + 2 + within] as usize
    }

    /// The rows of an object; one that was never here has none.
    #[inline]
    pub(super) fn record(&self, number: u32) -> Record<'_> {
        if number as usize >= self.len {
            return Record::EMPTY;
        }
        Record::of(&self.words[self.start(number)..])
    }

    /// The text of a number below `len`.
    pub(super) fn text(&self, number: u32) -> &str {
        let text = record::text(&self.words[self.start(number)..]);
        std::str::from_utf8(text).expect("what was written was a text")
    }

    /// The object of an id.
    #[inline]
    pub(super) fn find(&self, text: &str) -> Option<Found<'_>> {
        self.found(self.probe(text), text)
    }

    /// Where to look for the id.
    #[inline]
    pub(super) fn probe(&self, text: &str) -> Probe {
        let hash = hashed(text.as_bytes(), self.seed);
        let buckets = self.slots.len() / BUCKET_SLOTS;
        let bucket = (u128::from(hash) * buckets as u128) >> 64;
        Probe { bucket: bucket as usize, tag: (hash & 0xff_ffff).max(1) }
    }

    /// The object of the id that the probe was made for.
    #[inline]
    pub(super) fn found(&self, probe: Probe, text: &str) -> Option<Found<'_>> {
        let mut bucket = probe.bucket;
        // The table is never full, so a bucket with a free slot comes.
        loop {
            let slots = self.slots.get(bucket * BUCKET_SLOTS..)?.get(..BUCKET_SLOTS)?;
            for slot in slots {
                if slot >> TAG_SHIFT == probe.tag {
                    let words = &self.words[start_in(*slot)..];
                    if is_same(record::text(words), text.as_bytes()) {
                        return Some(Found { number: record::number(words), record: Record::of(words) });
                    }
                }
            }
            if slots[BUCKET_SLOTS - 1] == 0 {
                return None;
            }
            bucket = self.after(bucket);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes of ids and their index.
    pub(super) fn text_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u64>() + self.text_words * size_of::<u32>()
    }

    /// The bytes of rows and of the ways to them.
    pub(super) fn row_bytes(&self) -> usize {
        (self.starts.capacity() + self.words.capacity() - self.text_words) * size_of::<u32>()
    }

    /// The first of two prefetches on the way from an id to its record, each called when the one before has had time.
    #[inline]
    pub(super) fn prefetch_bucket(&self, probe: Probe) {
        prefetch(&self.slots, probe.bucket * BUCKET_SLOTS);
    }

    /// The second of the two.
    #[inline]
    pub(super) fn prefetch_found(&self, probe: Probe) {
        let Some(slots) = self.slots.get(probe.bucket * BUCKET_SLOTS..) else { return };
        if let Some(slot) = slots.iter().take(BUCKET_SLOTS).find(|slot| **slot >> TAG_SHIFT == probe.tag) {
            self.prefetch_words(start_in(*slot));
        }
    }

    /// The first of two prefetches on the way from a number to its record.
    #[inline]
    pub(super) fn prefetch_start(&self, number: u32) {
        prefetch(&self.starts, number as usize / LINE_RECORDS * LINE_WORDS);
    }

    /// The second of the two.
    #[inline]
    pub(super) fn prefetch_record(&self, number: u32) {
        if (number as usize) < self.len {
            self.prefetch_words(self.start(number));
        }
    }

    /// Most records lie on one cache line or two.
    #[inline]
    fn prefetch_words(&self, start: usize) {
        prefetch(&self.words, start);
        prefetch(&self.words, start + 15);
    }
}

#[inline]
fn start_in(slot: u64) -> usize {
    (slot & ((1 << TAG_SHIFT) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_found_under_its_number_with_its_rows_and_no_other_is() {
        for count in [0, 1, 13, 14, 15, 5_000] {
            let mut texts: Vec<String> = (0..count).map(|n| format!("{}{n}", "x".repeat(n * 37 % 1_000))).collect();
            texts.sort();
            let mut objects = Objects::with_capacity(9, count);
            for (number, text) in texts.iter().enumerate() {
                objects.push(text, &[(4, &[number as u32])]);
            }
            assert_eq!(objects.len(), count);
            for (number, text) in texts.iter().enumerate() {
                let number = number as u32;
                assert_eq!(objects.text(number), text);
                let found = objects.find(text).expect("it was pushed");
                assert_eq!((found.number, found.record.row(4)), (number, &[number][..]));
                assert_eq!(objects.record(number).row(4), [number]);
            }
            assert!(objects.find("absent").is_none());
            assert!(objects.record(count as u32).row(4).is_empty());
        }
        assert!(Objects::EMPTY.find("absent").is_none());
    }
}
