//! What changed since the base: persistent maps, so that every revision is a whole of its own that shares all but its changes.

use std::borrow::Cow;
use std::sync::Arc;

use super::base::Base;
use super::hash::hashed;
use super::trie::Trie;

#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    tables: Vec<Arc<TableDelta>>,
    strings: Vec<Arc<NewStrings>>,
    /// Of each table in which anything ever differed, the bit of its number modulo 64.
    touched: u64,
    pub(super) ids: usize,
    /// Relationships that are new since the base.
    pub(super) added: usize,
    /// Relationships of the base that are gone.
    pub(super) removed: usize,
}

#[derive(Clone, Debug, Default)]
struct TableDelta {
    forward: Trie<Overlay>,
    reverse: Trie<Overlay>,
}

/// How a row differs from the base's. No number is in both.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    /// None of them in the base.
    added: Trie<()>,
    /// All of them in the base.
    removed: Trie<()>,
}

/// Ids of one type that the base lacks, numbered on from its last.
#[derive(Clone, Debug, Default)]
struct NewStrings {
    by_hash: Trie<Vec<u32>>,
    texts: Trie<Arc<str>>,
}

/// A row as of a revision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'s> {
    pub(super) base: &'s [u32],
    pub(super) overlay: Option<&'s Overlay>,
}

impl Delta {
    /// Whether any of the tables, given as bits, may differ from the base.
    #[inline]
    pub(super) fn touches(&self, tables: u64) -> bool {
        self.touched & tables != 0
    }

    #[inline]
    pub(super) fn forward(&self, table: u32, resource: u32) -> Option<&Overlay> {
        if !self.touches(1 << (table % 64)) {
            return None;
        }
        self.tables.get(table as usize)?.forward.get(u64::from(resource))
    }

    #[inline]
    pub(super) fn reverse(&self, table: u32, subject: u32) -> Option<&Overlay> {
        if !self.touches(1 << (table % 64)) {
            return None;
        }
        self.tables.get(table as usize)?.reverse.get(u64::from(subject))
    }

    pub(super) fn is_untouched(&self, table: u32) -> bool {
        self.tables.get(table as usize).is_none_or(|delta| delta.forward.is_empty())
    }

    /// Calls `visit` with each resource whose row of the table differs from the base's.
    pub(super) fn changed_rows(&self, table: u32, visit: &mut impl FnMut(u32)) {
        if let Some(delta) = self.tables.get(table as usize) {
            delta.forward.for_each(&mut |resource, _| visit(resource as u32));
        }
    }

    pub(super) fn id(&self, seed: u64, object_type: u32, text: &str) -> Option<u32> {
        let strings = self.strings.get(object_type as usize)?;
        if strings.texts.is_empty() {
            return None;
        }
        let same_hash = strings.by_hash.get(hashed(text.as_bytes(), seed))?;
        same_hash.iter().copied().find(|id| strings.texts.get(u64::from(*id)).is_some_and(|known| **known == *text))
    }

    pub(super) fn text(&self, object_type: u32, id: u32) -> Option<&str> {
        self.strings.get(object_type as usize)?.texts.get(u64::from(id)).map(|text| &**text)
    }

    pub(super) fn new_ids(&self, object_type: u32) -> usize {
        self.strings.get(object_type as usize).map_or(0, |strings| strings.texts.len())
    }

    /// Gives the next number of the type to a text that has none.
    pub(super) fn add_id(&mut self, seed: u64, object_type: u32, base_ids: usize, text: &str) -> u32 {
        let object_type = object_type as usize;
        if self.strings.len() <= object_type {
            self.strings.resize_with(object_type + 1, Arc::default);
        }
        let strings = Arc::make_mut(&mut self.strings[object_type]);
        let id = (base_ids + strings.texts.len()) as u32;
        *strings.texts.or_default(u64::from(id)) = Arc::from(text);
        strings.by_hash.or_default(hashed(text.as_bytes(), seed)).push(id);
        self.ids += 1;
        id
    }

    /// Makes the pair present or absent; false if it was so already.
    pub(super) fn set(&mut self, base: &Base, table: u32, resource: u32, subject: u32, present: bool) -> bool {
        let in_base = base.forward(table, resource).binary_search(&subject).is_ok();
        let row = Row { base: base.forward(table, resource), overlay: self.forward(table, resource) };
        if row.contains(subject) == present {
            return false;
        }
        if self.tables.len() <= table as usize {
            self.tables.resize_with(table as usize + 1, Arc::default);
        }
        self.touched |= 1 << (table % 64);
        let delta = Arc::make_mut(&mut self.tables[table as usize]);
        set_in(&mut delta.forward, resource, subject, in_base, present);
        set_in(&mut delta.reverse, subject, resource, in_base, present);
        match (in_base, present) {
            (true, true) => self.removed -= 1,
            (true, false) => self.removed += 1,
            (false, true) => self.added += 1,
            (false, false) => self.added -= 1,
        }
        true
    }

    /// Bytes of everything, whether or not other revisions share it.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = 0;
        for table in &self.tables {
            for rows in [&table.forward, &table.reverse] {
                bytes += rows.bytes();
                rows.for_each(&mut |_, overlay| bytes += overlay.added.bytes() + overlay.removed.bytes());
            }
        }
        for strings in &self.strings {
            bytes += strings.by_hash.bytes() + strings.texts.bytes();
            strings.texts.for_each(&mut |_, text| bytes += text.len() + 32);
        }
        bytes
    }
}

fn set_in(rows: &mut Trie<Overlay>, row: u32, entry: u32, in_base: bool, present: bool) {
    let overlay = rows.or_default(u64::from(row));
    let differing = if in_base { &mut overlay.removed } else { &mut overlay.added };
    if in_base == present {
        differing.remove(u64::from(entry));
    } else {
        differing.or_default(u64::from(entry));
    }
    if overlay.added.is_empty() && overlay.removed.is_empty() {
        rows.remove(u64::from(row));
    }
}

impl<'s> Row<'s> {
    #[inline]
    pub(super) fn contains(&self, entry: u32) -> bool {
        if let Some(overlay) = self.overlay {
            if overlay.added.contains(u64::from(entry)) {
                return true;
            }
            if overlay.removed.contains(u64::from(entry)) {
                return false;
            }
        }
        match self.base {
            [] => false,
            [only] => *only == entry,
            several => several.binary_search(&entry).is_ok(),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self.overlay {
            None => self.base.len(),
            Some(overlay) => self.base.len() + overlay.added.len() - overlay.removed.len(),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row as a list: the base's own where nothing changed.
    #[inline]
    pub(super) fn list(&self) -> Cow<'s, [u32]> {
        let Some(overlay) = self.overlay else { return Cow::Borrowed(self.base) };
        let mut list = Vec::with_capacity(self.len());
        list.extend(self.base.iter().filter(|entry| !overlay.removed.contains(u64::from(**entry))));
        let kept = list.len();
        overlay.added.for_each(&mut |entry, ()| list.push(entry as u32));
        list[kept..].sort_unstable();
        Cow::Owned(list)
    }
}
