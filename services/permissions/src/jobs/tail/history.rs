//! What happened between two revisions, as it is read back.

use std::collections::BTreeMap;

use chassis::{Database, DatabaseError};
use graph::Change;

use crate::domain::digest::{self, Digest};
use crate::store::log::{self, TenantKey};

/// Revisions in their order.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) revisions: BTreeMap<u64, Part>,
}

/// What one revision did to its tenant.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) tenant: TenantKey,
    pub(super) changes: Vec<Change>,
    /// The text of the schema that it put in force.
    pub(super) schema: Option<String>,
}

impl History {
    /// What happened after one revision, up to and with another.
    pub(super) async fn read(database: &Database, after: u64, to: u64) -> Result<Self, DatabaseError> {
        let mut history = Self::default();
        if after >= to {
            return Ok(history);
        }
        for entry in log::changes_between(database, after, to).await? {
            history.part(entry.revision, entry.tenant).changes.push(entry.what);
        }
        for (tenant, stored) in log::schemas_between(database, after, to).await? {
            history.part(stored.revision, tenant).schema = Some(stored.text);
        }
        Ok(history)
    }

    fn part(&mut self, revision: u64, tenant: TenantKey) -> &mut Part {
        let part = self.revisions.entry(revision).or_default();
        part.tenant = tenant;
        part
    }

    /// The digest that it leads to from another.
    pub(super) fn digest_after(&self, before: &Digest) -> Digest {
        self.revisions.iter().fold(*before, |digest, (revision, part)| part.digest_after(&digest, *revision))
    }
}

impl Part {
    fn digest_after(&self, before: &Digest, revision: u64) -> Digest {
        let changes = self.changes.iter().map(|change| match change {
            Change::Touch(relationship) => digest::Deed::Added(relationship),
            Change::Delete(relationship) => digest::Deed::Removed(relationship),
        });
        let schema = self.schema.iter().map(|text| digest::Deed::Schema(text));
        before.after(revision, &self.tenant, changes.chain(schema))
    }
}
