//! Reading the service's own feed as it grows, to serve it to others or to follow it oneself.

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use tokio::time::{Instant, timeout_at};

use super::{Entry, HEARTBEAT, Position, head, read};
use crate::database::{Database, DatabaseError};

/// How long until a commit of another replica is seen. One of this process is seen at once.
const POLL: Duration = Duration::from_millis(200);

/// What a reader of a feed gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An entry, and the epoch that it belongs to.
    Entry {
        /// The epoch.
        epoch: String,
        /// The entry.
        entry: Entry,
    },
    /// Nothing new: the reader is at this position, and the feed is alive.
    Heartbeat(Position),
}

/// The entries of a feed as they come.
pub type FeedStream = Pin<Box<dyn Stream<Item = Result<Item, DatabaseError>> + Send>>;

struct Tail {
    database: Database,
    position: Position,
    pending: std::vec::IntoIter<Entry>,
    heartbeat_at: Instant,
}

/// Streams the feed from a position: what came after it, then what comes, with a heartbeat at least every second. If the
/// database's epoch is another than the position's, or its feed ends before the position, it begins with the first entry.
pub fn tail(database: Database, from: Position) -> FeedStream {
    let tail = Tail { database, position: from, pending: Vec::new().into_iter(), heartbeat_at: Instant::now() };
    Box::pin(futures::stream::unfold(tail, |mut tail| async move {
        let item = tail.next().await;
        Some((item, tail))
    }))
}

impl Tail {
    async fn next(&mut self) -> Result<Item, DatabaseError> {
        loop {
            if let Some(entry) = self.pending.next() {
                self.position.number = entry.number;
                return Ok(Item::Entry { epoch: self.position.epoch.clone(), entry });
            }
            // Registered before the head is read, so that a commit in between still wakes.
            let database = self.database.clone();
            let written = database.written().notified();
            let head = head(&database).await?;
            // A head behind its reader has lost entries, whatever its epoch says.
            if head.epoch != self.position.epoch || head.number < self.position.number {
                self.position = Position { epoch: head.epoch, number: 0 };
            }
            if head.number > self.position.number {
                let entries = read(&database, self.position.number).await?;
                if entries.is_empty() {
                    // All that were between have ended: there is nothing to say of them.
                    self.position.number = head.number;
                }
                self.pending = entries.into_iter();
                continue;
            }
            if Instant::now() >= self.heartbeat_at {
                self.heartbeat_at = Instant::now() + HEARTBEAT;
                return Ok(Item::Heartbeat(self.position.clone()));
            }
            let until = self.heartbeat_at.min(Instant::now() + POLL);
            // Whether it was woken or the time is up, the next thing is to look.
            let _ = timeout_at(until, written).await;
        }
    }
}
