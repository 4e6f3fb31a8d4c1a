//! A feed: rows that readers must not miss, numbered without gaps in the order of their commits.
//!
//! The writing transaction locks the head row last and numbers its entries under that lock, so an entry is visible only
//! when all before it are: a reader that asks for `number > n` up to the head skips nothing. (A plain identity column is
//! no feed: rows that commit late are skipped.) A restored database gets a new epoch, and readers begin again.
//!
//! An entry may have an end, after which it says nothing that matters to anyone: then it is forgotten, and its number is skipped.

mod follower;
mod revoked;
mod tail;

use sqlx::PgConnection;
use time::OffsetDateTime;

pub use follower::{Follower, Freshness, HEARTBEAT, Learnt, STALE_AFTER_DEFAULT};
pub use revoked::Revoked;
pub use tail::{FeedStream, Item, tail};

use crate::database::{Database, DatabaseError};

/// Where a reader stands: which life of the database, and the number of the last entry that it took in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The epoch; empty before anything was read.
    pub epoch: String,
    /// The number.
    pub number: u64,
}

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// Its content, an encoded message.
    pub payload: Vec<u8>,
}

/// An entry that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) payload: Vec<u8>,
    /// From when it says nothing any more.
    pub(crate) ends_at: Option<OffsetDateTime>,
}

/// How many entries are read at once.
const BATCH_MAX: i64 = 1_000;

/// Appends entries in the transaction that they belong to. Must be its last statement before the commit.
pub(crate) async fn append(
    connection: &mut PgConnection,
    entries: Vec<Draft>,
    now: OffsetDateTime,
) -> Result<(), DatabaseError> {
    let count = i64::try_from(entries.len()).expect("a unit of work publishes a handful of entries");
    // A statement of its own: a later one sees what committed before the lock was had.
    let last = sqlx::query_scalar!("UPDATE feed_head SET number = number + $1 RETURNING number", count)
        .fetch_one(&mut *connection)
        .await?;
    let (payloads, ends): (Vec<Vec<u8>>, Vec<Option<OffsetDateTime>>) =
        entries.into_iter().map(|entry| (entry.payload, entry.ends_at)).unzip();
    sqlx::query!(
        "INSERT INTO feed_entry (number, payload, written_at, ends_at) SELECT $1 + position, payload, $4, ends_at
         FROM unnest($2::bytea[], $3::timestamptz[]) WITH ORDINALITY AS entry (payload, ends_at, position)",
        last - count,
        &payloads,
        &ends as &[Option<OffsetDateTime>],
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Begins another epoch: whoever follows the feed begins again.
pub(crate) async fn begin_epoch(connection: &mut PgConnection) -> Result<(), DatabaseError> {
    sqlx::query!("UPDATE feed_head SET epoch = gen_random_uuid()").execute(connection).await?;
    Ok(())
}

/// Forgets some entries that have ended before this; answers how many.
///
/// # Errors
/// If the database cannot be reached.
pub async fn forget_ended(
    database: &Database,
    ended_before: OffsetDateTime,
    entries_max: i64,
) -> Result<u64, DatabaseError> {
    let done = sqlx::query!(
        "DELETE FROM feed_entry
         WHERE number = ANY (ARRAY(SELECT number FROM feed_entry WHERE ends_at < $1 ORDER BY ends_at LIMIT $2))",
        ended_before,
        entries_max
    )
    .execute(database.pool())
    .await?;
    Ok(done.rows_affected())
}

/// The newest position of the database's feed.
///
/// # Errors
/// If the database cannot be reached.
pub async fn head(database: &Database) -> Result<Position, DatabaseError> {
    let head =
        sqlx::query!("SELECT epoch::text AS \"epoch!\", number FROM feed_head").fetch_one(database.pool()).await?;
    Ok(Position { epoch: head.epoch, number: u64::try_from(head.number).unwrap_or(0) })
}

/// The entries after a number, oldest first, at most [`BATCH_MAX`].
pub(crate) async fn read(database: &Database, after: u64) -> Result<Vec<Entry>, DatabaseError> {
    let rows = sqlx::query!(
        "SELECT number, payload FROM feed_entry WHERE number > $1 ORDER BY number LIMIT $2",
        i64::try_from(after).unwrap_or(i64::MAX),
        BATCH_MAX
    )
    .fetch_all(database.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Entry { number: u64::try_from(row.number).unwrap_or(0), payload: row.payload })
        .collect())
}

/// Where this service stands in another's feed, as its own database says.
///
/// # Errors
/// If the database cannot be reached.
pub async fn position(database: &Database, feed: &str) -> Result<Position, DatabaseError> {
    let row = sqlx::query!("SELECT epoch, number FROM feed_position WHERE feed = $1", feed)
        .fetch_optional(database.pool())
        .await?;
    Ok(row.map_or_else(Position::default, |row| Position {
        epoch: row.epoch,
        number: u64::try_from(row.number).unwrap_or(0),
    }))
}

/// Moves this service's place in another's feed, in the transaction that takes the entry in. Answers false if a replica was
/// faster: then the transaction must be dropped.
///
/// # Errors
/// If the database cannot be reached.
pub async fn advance(connection: &mut PgConnection, feed: &str, to: &Position) -> Result<bool, DatabaseError> {
    let done = sqlx::query!(
        "INSERT INTO feed_position AS position (feed, epoch, number) VALUES ($1, $2, $3)
         ON CONFLICT (feed) DO UPDATE SET epoch = excluded.epoch, number = excluded.number
         WHERE position.epoch <> excluded.epoch OR position.number < excluded.number",
        feed,
        to.epoch,
        i64::try_from(to.number).unwrap_or(i64::MAX)
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
