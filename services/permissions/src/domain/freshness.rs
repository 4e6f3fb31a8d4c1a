//! What becomes of a call that asks for a revision, by what a replica has applied and by the head.

use super::digest::Lineage;
use super::revision::Revision;

/// What a replica makes of a revision that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It has everything that the revision stands for.
    Covered,
    /// It has not come so far, or is in another life of the database.
    Beyond,
    /// It has applied another history up to this number: either the revision is lost, or what the replica has is.
    Contradicted,
    /// It did not follow the history when the revision was made, so it cannot say.
    Unknown,
}

/// What a replica that stands at `applied` makes of a revision, if this is all that it knows of the number in its own history.
///
/// What lies below the floor is taken by its number alone: nothing is stored any more by which to tell.
pub(crate) fn sight(asked: &Revision, applied: &Revision, known: Option<Lineage>, floor: u64) -> Sight {
    if asked.epoch != applied.epoch || asked.number > applied.number {
        return Sight::Beyond;
    }
    match known {
        Some(lineage) if lineage == asked.lineage => Sight::Covered,
        Some(_) => Sight::Contradicted,
        None if asked.number < floor => Sight::Covered,
        None => Sight::Unknown,
    }
}

/// Whether a head that was read after a replica stood at `applied` has not come so far: then the database has lost writes that
/// the replica has.
pub(crate) fn is_behind(head: &Revision, applied: &Revision) -> bool {
    head.epoch == applied.epoch && head.number < applied.number
}

/// What the head says of a revision that this replica has not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It is on its way.
    Comes,
    /// It is of another life of the database or of another history. Whatever was given out was committed before, so that one
    /// which is ahead of every write is lost too.
    Lost,
}

/// Whether there is anything to wait for, by a head that was read after the call began.
pub(crate) fn outlook(asked: &Revision, head: &Revision) -> Outlook {
    let has_it = head.epoch == asked.epoch && head.number > asked.number || head == asked;
    if has_it { Outlook::Comes } else { Outlook::Lost }
}
