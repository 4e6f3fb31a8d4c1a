//! The digest of a history: each revision's is over the one before it and over what the revision changed.
//!
//! Two states of one digest have the same history. So a reader that works the digest out from what it reads, and comes to
//! what the head says, has read all of it; and a database that lost its last commits, however it came back, shows itself by
//! the next revision at the latest.

use aws_lc_rs::digest::{Context, SHA256};
use graph::Relationship;

/// What a digest of another kind must not be taken for.
const PURPOSE: &[u8] = b"bailiwick revision 1";

/// SHA-256 (FIPS 180-4) over a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

/// The first 8 bytes of a digest, as a number: what tells one history from another wherever the digest has no room.
///
/// Two histories that went apart have the same one by chance once in 2^64 revisions that were lost and given out again. Nobody
/// can aim at it: a digest is over the whole one before it, which never leaves the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lineage(pub(crate) u64);

/// One thing that a revision did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed<'a> {
    /// The relationship came.
    Added(&'a Relationship),
    /// The relationship went.
    Removed(&'a Relationship),
    /// This text became the schema.
    Schema(&'a str),
}

impl Digest {
    /// Of the history in which nothing has happened.
    pub(crate) const EMPTY: Self = Self([0; 32]);

    /// What it is told from others by.
    pub(crate) fn lineage(&self) -> Lineage {
        let (first, _) = self.0.split_first_chunk().expect("32 bytes begin with 8");
        Lineage(u64::from_be_bytes(*first))
    }

    /// After a revision, which did all of this, in whatever order, to one tenant.
    pub(crate) fn after<'a>(&self, revision: u64, tenant: &str, deeds: impl IntoIterator<Item = Deed<'a>>) -> Self {
        let mut lines: Vec<String> = deeds
            .into_iter()
            .map(|deed| match deed {
                Deed::Added(relationship) => format!("+{relationship}"),
                Deed::Removed(relationship) => format!("-{relationship}"),
                Deed::Schema(text) => format!("={text}"),
            })
            .collect();
        lines.sort_unstable();
        let mut context = Context::new(&SHA256);
        context.update(PURPOSE);
        context.update(&self.0);
        context.update(&revision.to_be_bytes());
        for text in std::iter::once(tenant).chain(lines.iter().map(String::as_str)) {
            // The length first, so that no two lists of texts are the same bytes.
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(text: &str) -> Relationship {
        text.parse().unwrap()
    }

    #[test]
    fn the_order_of_one_revisions_deeds_is_all_the_same() {
        let (a, b) = (fact("document:a#viewer@user:alice"), fact("document:b#viewer@user:alice"));
        let one = Digest::EMPTY.after(1, "acme", [Deed::Added(&a), Deed::Removed(&b)]);
        assert_eq!(one, Digest::EMPTY.after(1, "acme", [Deed::Removed(&b), Deed::Added(&a)]));
    }

    #[test]
    fn every_other_history_has_another_digest() {
        let (a, b) = (fact("document:a#viewer@user:alice"), fact("document:b#viewer@user:alice"));
        let first = Digest::EMPTY.after(1, "acme", [Deed::Added(&a)]);
        let others = [
            Digest::EMPTY,
            Digest::EMPTY.after(1, "acme", []),
            Digest::EMPTY.after(2, "acme", [Deed::Added(&a)]),
            Digest::EMPTY.after(1, "acmf", [Deed::Added(&a)]),
            Digest::EMPTY.after(1, "acme", [Deed::Removed(&a)]),
            Digest::EMPTY.after(1, "acme", [Deed::Added(&b)]),
            Digest::EMPTY.after(1, "acme", [Deed::Added(&a), Deed::Added(&b)]),
            Digest::EMPTY.after(1, "acme", [Deed::Schema("document:a#viewer@user:alice")]),
            first.after(1, "acme", [Deed::Added(&a)]),
        ];
        for other in others {
            assert_ne!(first, other);
        }
    }
}
