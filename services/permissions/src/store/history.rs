//! Reads back what happened between two revisions, and what a revision's history was.

use chassis::DatabaseError;
use sqlx::PgConnection;

use super::log;
use crate::domain::digest::Digest;
use crate::domain::history::History;
use crate::domain::revision::Head;

/// What happened after one revision, up to and with another.
pub(crate) async fn read(connection: &mut PgConnection, after: u64, to: u64) -> Result<History, DatabaseError> {
    let mut history = History::default();
    if after >= to {
        return Ok(history);
    }
    for entry in log::changes_between(&mut *connection, after, to).await? {
        history.part(entry.revision, entry.tenant).changes.push(entry.what);
    }
    for (tenant, stored) in log::schemas_between(connection, after, to).await? {
        history.part(stored.revision, tenant).schema = Some(stored.text);
    }
    Ok(history)
}

/// The digest of the history up to a revision, as of the moment of a transaction in which the head was this; none if it is
/// ahead of the head, or too old to be told.
pub(crate) async fn digest_at(
    moment: &mut PgConnection,
    head: &Head,
    number: u64,
) -> Result<Option<Digest>, DatabaseError> {
    if number < head.floor || number > head.point.number {
        return Ok(None);
    }
    // Only the last revision of a commit has a mark: those before it follow from the commit before.
    let (marked, digest) = log::mark_to(&mut *moment, number).await?.unwrap_or((0, Digest::EMPTY));
    if marked < head.floor {
        return Ok(None);
    }
    Ok(Some(read(moment, marked, number).await?.digest_after(&digest)))
}
