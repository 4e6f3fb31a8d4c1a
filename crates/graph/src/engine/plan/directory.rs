//! Names of a schema and their numbers: every question asks for three or four of them, so a look-up is a few nanoseconds.

use super::super::hash::{hashed, word_of};

/// A hash table that is filled once. It is at most half full, so a free place comes soon.
#[derive(Debug)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    /// Positions in `entries` counted from one, by hash; 0 is free.
    places: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    word: u64,
    name: Box<str>,
    number: u32,
}

impl Directory {
    /// The names come without repetitions.
    pub(super) fn of(names: impl Iterator<Item = (String, u32)>) -> Self {
        let entry = |(name, number): (String, u32)| Entry { word: word(&name), name: name.into_boxed_str(), number };
        let entries: Vec<Entry> = names.map(entry).collect();
        let mut places = vec![0; (2 * entries.len()).next_power_of_two()];
        let mask = places.len() - 1;
        for (position, entry) in entries.iter().enumerate() {
            let mut place = place_of(entry.word) & mask;
            while places[place] != 0 {
                place = (place + 1) & mask;
            }
            places[place] = position as u32 + 1;
        }
        Self { entries, places }
    }

    #[inline]
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let (word, mask) = (word(name), self.places.len() - 1);
        let mut place = place_of(word);
        loop {
            let position = self.places[place & mask].checked_sub(1)?;
            let entry = &self.entries[position as usize];
            if entry.word == word && entry.name.len() == name.len() && (name.len() <= 8 || *entry.name == *name) {
                return Some(entry.number);
            }
            place += 1;
        }
    }
}

/// Of a name of up to eight bytes all of it, of a longer one its hash.
#[inline]
fn word(name: &str) -> u64 {
    if name.len() <= 8 { word_of(name.as_bytes()) } else { hashed(name.as_bytes(), 0) }
}

#[inline]
fn place_of(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_knows_its_names_and_no_others() {
        for (prefix, count) in
            ["", "n", "a_rather_long_name_"].iter().flat_map(|prefix| [0, 1, 3, 500].map(|n| (prefix, n)))
        {
            let name = |number: u32| format!("{prefix}{number}");
            let directory = Directory::of((0..count).map(|number| (name(number), number)));
            assert!((0..count).all(|number| directory.number(&name(number)) == Some(number)));
            assert_eq!(directory.number(&name(count)), None);
            assert_eq!(directory.number(""), None);
        }
    }
}
