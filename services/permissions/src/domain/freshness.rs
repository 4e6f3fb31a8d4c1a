//! What becomes of a call that asks for a revision which this replica has not applied.

use super::revision::Revision;

/// What the head says of such a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It is on its way.
    Comes,
    /// It is of another life of the database.
    Lost,
    /// Nobody was given it: it is ahead of every write.
    Invalid,
}

/// Whether there is anything to wait for, by a head that was read after the call began.
pub(crate) fn outlook(asked: &Revision, head: &Revision) -> Outlook {
    if head.epoch != asked.epoch {
        Outlook::Lost
    } else if head.number < asked.number {
        Outlook::Invalid
    } else {
        Outlook::Comes
    }
}
