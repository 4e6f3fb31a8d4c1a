//! What happened between two revisions, as it is read back.

use std::collections::BTreeMap;

use graph::Change;

use super::digest::{Deed, Digest};

/// Revisions in their order.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) revisions: BTreeMap<u64, Part>,
}

/// What one revision did to its tenant.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The tenant's id. The reserved tenant is among them.
    pub(crate) tenant: String,
    pub(crate) changes: Vec<Change>,
    /// The text of the schema that it put in force.
    pub(crate) schema: Option<String>,
}

impl History {
    /// The part of a revision, which is of this tenant.
    pub(crate) fn part(&mut self, revision: u64, tenant: String) -> &mut Part {
        let part = self.revisions.entry(revision).or_default();
        part.tenant = tenant;
        part
    }

    /// The digest of each revision, if this one is that of the history before.
    pub(crate) fn digests_after(&self, before: &Digest) -> Vec<Digest> {
        let mut digest = *before;
        let next = |(revision, part): (&u64, &Part)| {
            digest = part.digest_after(&digest, *revision);
            digest
        };
        self.revisions.iter().map(next).collect()
    }

    /// The digest that it leads to from another.
    pub(crate) fn digest_after(&self, before: &Digest) -> Digest {
        self.digests_after(before).last().copied().unwrap_or(*before)
    }
}

impl Part {
    fn digest_after(&self, before: &Digest, revision: u64) -> Digest {
        let changes = self.changes.iter().map(|change| match change {
            Change::Touch(relationship) => Deed::Added(relationship),
            Change::Delete(relationship) => Deed::Removed(relationship),
        });
        let schema = self.schema.iter().map(|text| Deed::Schema(text));
        before.after(revision, &self.tenant, changes.chain(schema))
    }
}
