//! The pairs of object and member that a search has open.

use std::borrow::Cow;

use super::super::objects::Found;

/// No open frame at all.
pub(super) const NONE: u32 = u32::MAX;

/// What the rows of an object say about the relations that a member reads, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowsRead {
    /// The subject is in these.
    pub(super) holds: u64,
    /// Whether it is in these is found by walking usersets.
    pub(super) open: u64,
}

/// A pair of object and member, and how far it has got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'s> {
    pub(super) member: u32,
    pub(super) object: Found<'s>,
    pub(super) rows: RowsRead,
    /// Its place in the memo.
    pub(super) place: u32,
    pub(super) step: u32,
}

/// A pair that is being settled.
#[derive(Debug)]
pub(super) struct Frame<'s> {
    pub(super) pair: Pair<'s>,
    /// The next table of the step.
    pub(super) leg: u32,
    /// The next entry of the row.
    at: u32,
    row: Cow<'s, [u32]>,
    /// Whether the step found any object.
    pub(super) found: bool,
    /// The outermost open frame that a no of this one rests on.
    pub(super) low: u32,
    /// How many noes were provisional when it began.
    pub(super) provisional: u32,
    /// How many places had been handed on when it began.
    pub(super) handed: u32,
}

impl<'s> Frame<'s> {
    #[inline]
    pub(super) fn new(pair: Pair<'s>) -> Self {
        let row = Cow::Borrowed(&[][..]);
        let (leg, at, found, low, provisional, handed) = (0, 0, false, NONE, 0, 0);
        Self { pair, leg, at, row, found, low, provisional, handed }
    }

    /// Forgets what the step before left.
    #[inline]
    pub(super) fn begin_step(&mut self) {
        self.row = Cow::Borrowed(&[]);
        (self.leg, self.at, self.found) = (0, 0, false);
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<u32> {
        let entry = self.row.get(self.at as usize).copied();
        self.at += u32::from(entry.is_some());
        entry
    }

    /// Whether [`next`](Self::next) has given the row's last entry.
    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.at as usize == self.row.len()
    }

    #[inline]
    pub(super) fn load(&mut self, row: Cow<'s, [u32]>) {
        self.row = row;
        self.leg += 1;
        self.at = 0;
    }
}
