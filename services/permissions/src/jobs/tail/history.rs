//! Reads back what happened between two revisions.

use chassis::{Database, DatabaseError};

use crate::domain::history::History;
use crate::store::log;

/// What happened after one revision, up to and with another.
pub(super) async fn read(database: &Database, after: u64, to: u64) -> Result<History, DatabaseError> {
    let mut history = History::default();
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
