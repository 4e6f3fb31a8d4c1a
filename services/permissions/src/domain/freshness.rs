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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn revision(epoch: u128, number: u64, lineage: u64) -> Revision {
        Revision { epoch: Uuid::from_u128(epoch), number, lineage: Lineage(lineage) }
    }

    #[test]
    fn only_what_the_head_has_is_waited_for() {
        let head = revision(1, 5, 50);
        for (asked, outlook_of_it) in [
            (revision(1, 4, 40), Outlook::Comes),
            (revision(1, 5, 50), Outlook::Comes),
            (revision(1, 5, 51), Outlook::Lost),
            (revision(1, 6, 60), Outlook::Lost),
            (revision(2, 4, 40), Outlook::Lost),
        ] {
            assert_eq!(outlook(&asked, &head), outlook_of_it, "{asked:?}");
        }
    }

    #[test]
    fn a_head_is_behind_only_in_the_same_epoch() {
        let applied = revision(1, 5, 50);
        assert!(is_behind(&revision(1, 4, 40), &applied));
        assert!(!is_behind(&revision(1, 5, 51), &applied));
        assert!(!is_behind(&revision(2, 4, 40), &applied));
    }
}
