//! A persistent map from numbers: a copy costs one pointer, and a change to it the path to one leaf.
//!
//! A hash array mapped trie (Bagwell, "Ideal Hash Trees", 2001). Keys are mixed by a function that maps no two to one, so
//! there are no collisions to resolve and the depth is at most thirteen, whatever the keys.

use std::sync::Arc;

const BITS_PER_LEVEL: u32 = 5;

#[derive(Clone, Debug)]
pub(super) struct Trie<V> {
    root: Option<Arc<Branch<V>>>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Branch<V> {
    /// Which of the 32 places are taken; `slots` holds those in order.
    present: u32,
    slots: Vec<Slot<V>>,
}

#[derive(Clone, Debug)]
enum Slot<V> {
    Leaf(u64, V),
    Branch(Arc<Branch<V>>),
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<V> Trie<V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn contains(&self, key: u64) -> bool {
        self.get(key).is_some()
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        let mut branch = self.root.as_deref()?;
        let mut rest = mixed(key);
        loop {
            let bit = 1 << (rest & 31);
            if branch.present & bit == 0 {
                return None;
            }
            match &branch.slots[branch.position(bit)] {
                Slot::Leaf(found, value) => return (*found == key).then_some(value),
                Slot::Branch(next) => branch = next,
            }
            rest >>= BITS_PER_LEVEL;
        }
    }

    /// Every key and value, in no order that means anything.
    pub(super) fn for_each<'t>(&'t self, visit: &mut impl FnMut(u64, &'t V)) {
        if let Some(root) = &self.root {
            root.for_each(visit);
        }
    }

    /// The bytes that the branches and leaves take, without what the values point at.
    pub(super) fn bytes(&self) -> usize {
        self.root.as_ref().map_or(0, |root| root.bytes())
    }
}

impl<V: Clone + Default> Trie<V> {
    /// The value of the key, put there if there is none.
    pub(super) fn or_default(&mut self, key: u64) -> &mut V {
        let root = self.root.get_or_insert_with(|| Arc::new(Branch::empty()));
        Arc::make_mut(root).or_default(key, 0, &mut self.len)
    }
}

impl<V: Clone> Trie<V> {
    /// Takes the key out; false if it was not there.
    pub(super) fn remove(&mut self, key: u64) -> bool {
        if !self.contains(key) {
            return false;
        }
        if let Some(root) = &mut self.root {
            Arc::make_mut(root).remove(mixed(key));
        }
        self.len -= 1;
        if self.len == 0 {
            self.root = None;
        }
        true
    }
}

impl<V> Branch<V> {
    fn empty() -> Self {
        Self { present: 0, slots: Vec::new() }
    }

    fn position(&self, bit: u32) -> usize {
        (self.present & (bit - 1)).count_ones() as usize
    }

    fn for_each<'t>(&'t self, visit: &mut impl FnMut(u64, &'t V)) {
        for slot in &self.slots {
            match slot {
                Slot::Leaf(key, value) => visit(*key, value),
                Slot::Branch(branch) => branch.for_each(visit),
            }
        }
    }

    fn bytes(&self) -> usize {
        let deeper = self.slots.iter().map(|slot| match slot {
            Slot::Leaf(..) => 0,
            Slot::Branch(branch) => branch.bytes(),
        });
        // Two counts stand before what an Arc holds.
        16 + size_of::<Self>() + self.slots.capacity() * size_of::<Slot<V>>() + deeper.sum::<usize>()
    }

    fn put(&mut self, bit: u32, slot: Slot<V>) {
        let position = self.position(bit);
        self.slots.reserve_exact(1);
        self.slots.insert(position, slot);
        self.present |= bit;
    }
}

impl<V: Clone + Default> Branch<V> {
    fn or_default(&mut self, key: u64, level: u32, len: &mut usize) -> &mut V {
        let bit = bit_at(key, level);
        if self.present & bit == 0 {
            self.put(bit, Slot::Leaf(key, V::default()));
            *len += 1;
        }
        let position = self.position(bit);
        let slot = &mut self.slots[position];
        if let Slot::Leaf(other, value) = slot
            && *other != key
        {
            let mut deeper = Branch::empty();
            deeper.put(bit_at(*other, level + 1), Slot::Leaf(*other, std::mem::take(value)));
            *slot = Slot::Branch(Arc::new(deeper));
        }
        match slot {
            Slot::Leaf(_, value) => value,
            Slot::Branch(branch) => Arc::make_mut(branch).or_default(key, level + 1, len),
        }
    }
}

impl<V: Clone> Branch<V> {
    /// Takes out the key that `rest` was mixed from, which is there.
    fn remove(&mut self, rest: u64) {
        let bit = 1 << (rest & 31);
        let position = self.position(bit);
        let emptied = match &mut self.slots[position] {
            Slot::Leaf(..) => true,
            Slot::Branch(branch) => {
                let branch = Arc::make_mut(branch);
                branch.remove(rest >> BITS_PER_LEVEL);
                branch.slots.is_empty()
            }
        };
        if emptied {
            self.slots.remove(position);
            self.present &= !bit;
        }
    }
}

fn bit_at(key: u64, level: u32) -> u32 {
    1 << ((mixed(key) >> (level * BITS_PER_LEVEL)) & 31)
}

/// Spreads numbers that lie close together; both steps can be undone, so different keys stay different.
fn mixed(key: u64) -> u64 {
    let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spread ^ (spread >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_trie_holds_what_a_map_holds_and_old_copies_stay_as_they_were() {
        let mut trie = Trie::<u64>::default();
        let mut map = BTreeMap::new();
        let mut copies = Vec::new();
        let mut state: u64 = 7;
        for round in 0..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 33) % 3_000;
            if state >> 63 == 0 {
                *trie.or_default(key) = round;
                map.insert(key, round);
            } else {
                assert_eq!(trie.remove(key), map.remove(&key).is_some());
            }
            if round % 5_000 == 0 {
                copies.push((trie.clone(), map.clone()));
            }
        }
        copies.push((trie, map));
        for (trie, map) in copies {
            let mut seen = BTreeMap::new();
            trie.for_each(&mut |key, value| {
                seen.insert(key, *value);
            });
            assert_eq!(seen, map);
            assert_eq!(trie.len(), map.len());
            assert!((0..3_000).all(|key| trie.get(key) == map.get(&key)));
        }
    }
}
