//! One object in one block of memory: its number, its id's text, and every row of relationships that it is the resource of.
//!
//! A check asks several questions about one object, most of which have no row at all. Lying together they cost one or two
//! cache lines, whatever is asked.
//!
//! In words of 32 bits: the number; a head of text length and row count; the text, four bytes a word; a place for each row
//! that is not empty, ascending by table; the rows, each ascending. A place is the table's number and where its row ends,
//! 16 bits each. If either could be more anywhere in the record, the record is wide: then the count has a word of its own
//! after the text, and a place two words.

/// Words before the text.
const HEAD_WORDS: usize = 2;
/// Says in a head that the record is wide; the text's length is below, in 15 bits, and the count of rows in the last 16.
const WIDE: u32 = 1 << 31;
/// Up to so many places are looked through one by one.
const FEW: u32 = 12;

/// The rows of one object, found and ready to be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'s> {
    /// The places, then the rows, then whatever comes after them.
    words: &'s [u32],
    count: u32,
    is_wide: bool,
}

impl<'s> Record<'s> {
    /// Of an object that has nothing.
    pub(super) const EMPTY: Record<'static> = Record { words: &[], count: 0, is_wide: false };

    /// The record that the words begin with.
    #[inline]
    pub(super) fn of(words: &'s [u32]) -> Self {
        let head = words[1];
        let words = &words[HEAD_WORDS + text_words(head)..];
        if head & WIDE != 0 {
            return Self { words: &words[1..], count: words[0], is_wide: true };
        }
        Self { words, count: head & 0xffff, is_wide: false }
    }

    /// The row of a table; empty if there is none.
    #[inline]
    pub(super) fn row(self, table: u32) -> &'s [u32] {
        if self.is_wide || self.count > FEW {
            return self.searched(table);
        }
        let (places, rows) = self.words.split_at(self.count as usize);
        let mut start = 0;
        for place in places {
            let end = place & 0xffff;
            if place >> 16 == table {
                return &rows[start as usize..end as usize];
            }
            start = end;
        }
        &[]
    }

    #[cold]
    fn searched(self, table: u32) -> &'s [u32] {
        let (mut from, mut to) = (0, self.count as usize);
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.place(middle).0 < table { from = middle + 1 } else { to = middle }
        }
        if from < self.count as usize && self.place(from).0 == table { self.nth(from).1 } else { &[] }
    }

    /// Calls `visit` with every table that has a row, ascending, and the row.
    #[inline]
    pub(super) fn for_each(self, mut visit: impl FnMut(u32, &'s [u32])) {
        if self.is_wide {
            self.rows().for_each(|(table, row)| visit(table, row));
            return;
        }
        let (places, rows) = self.words.split_at(self.count as usize);
        let mut start = 0;
        for place in places {
            let end = (place & 0xffff) as usize;
            visit(place >> 16, &rows[start..end]);
            start = end;
        }
    }

    fn rows(self) -> impl Iterator<Item = (u32, &'s [u32])> {
        (0..self.count as usize).map(move |at| self.nth(at))
    }

    fn nth(self, at: usize) -> (u32, &'s [u32]) {
        let start = if at == 0 { 0 } else { self.place(at - 1).1 };
        let (table, end) = self.place(at);
        let place_words = if self.is_wide { 2 } else { 1 };
        (table, &self.words[place_words * self.count as usize..][start..end])
    }

    /// A place's table and the end of its row.
    fn place(self, at: usize) -> (u32, usize) {
        if self.is_wide {
            (self.words[2 * at], self.words[2 * at + 1] as usize)
        } else {
            (self.words[at] >> 16, (self.words[at] & 0xffff) as usize)
        }
    }
}

/// The number of the record that the words begin with.
#[inline]
pub(super) fn number(words: &[u32]) -> u32 {
    words[0]
}

/// The text of the record that the words begin with.
#[inline]
pub(super) fn text(words: &[u32]) -> &[u8] {
    let head = words[1];
    let text: &[u8] = bytemuck::cast_slice(&words[HEAD_WORDS..HEAD_WORDS + text_words(head)]);
    &text[..text_bytes(head)]
}

/// How many words are not about rows.
pub(super) fn words_of_text(text: &str) -> usize {
    HEAD_WORDS + text.len().div_ceil(4)
}

#[inline]
fn text_bytes(head: u32) -> usize {
    (head >> 16 & 0x7fff) as usize
}

#[inline]
fn text_words(head: u32) -> usize {
    text_bytes(head).div_ceil(4)
}

/// Writes a record; the rows come ascending by table, none of them empty.
pub(super) fn write(words: &mut Vec<u32>, number: u32, text: &str, rows: &[(u32, &[u32])]) {
    let total: usize = rows.iter().map(|(_, row)| row.len()).sum();
    let is_wide = total > 0xffff || rows.last().is_some_and(|(table, _)| *table > 0xffff);
    let bytes = u32::try_from(text.len()).ok().filter(|bytes| *bytes <= 0x7fff).expect("an id is at most 1,024 bytes");
    let flags = if is_wide { WIDE } else { rows.len() as u32 };
    words.extend([number, bytes << 16 | flags]);
    let text = text.as_bytes();
    words.extend(text.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_ne_bytes(word)
    }));
    if is_wide {
        words.push(rows.len() as u32);
    }
    let mut end = 0;
    for (table, row) in rows {
        end += row.len() as u32;
        if is_wide {
            words.extend([*table, end]);
        } else {
            words.push(table << 16 | end);
        }
    }
    rows.iter().for_each(|(_, row)| words.extend_from_slice(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_back(id: &str, rows: &[(u32, &[u32])]) {
        let mut words = vec![9, 9];
        write(&mut words, 7, id, rows);
        write(&mut words, 8, "next", &[]);
        let words = &words[2..];
        assert_eq!((number(words), text(words)), (7, id.as_bytes()));
        let record = Record::of(words);
        assert_eq!(record.rows().collect::<Vec<_>>(), rows);
        let mut visited = Vec::new();
        record.for_each(|table, row| visited.push((table, row)));
        assert_eq!(visited, rows);
        for table in (0..100).chain(rows.iter().map(|(table, _)| *table)).chain([70_001, u32::MAX]) {
            let expected = rows.iter().find(|(known, _)| *known == table).map_or(&[][..], |(_, row)| *row);
            assert_eq!(record.row(table), expected);
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_however_long_or_many_its_rows() {
        let long: Vec<u32> = (0..70_000).collect();
        let many: Vec<(u32, &[u32])> = (0..40).map(|table| (table * 3, &long[..1 + table as usize % 5])).collect();
        reads_back("a", &[]);
        reads_back(&"x".repeat(1_024), &[(0, &[1])]);
        reads_back("abcde", &[(0, &[5]), (3, &[1, 2]), (9, &[0])]);
        reads_back("long", &[(2, &[4]), (3, &long), (5, &[6])]);
        reads_back("full", &[(2, &long[..65_535])]);
        reads_back("high", &[(2, &[4]), (70_000, &[6])]);
        reads_back("many", &many);
    }
}
