//! Asks the database about revisions of before this replica began to follow: what their history was.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chassis::{Database, DatabaseError};

use crate::index::Index;
use crate::index::head_reads::HeadReads;
use crate::store::{head, history, log};

/// Inquiries. One is under way at a time, about all that came before it began; the index remembers what it learns.
#[derive(Debug)]
pub(super) struct Inquiries {
    database: Database,
    index: Arc<Index>,
    waiting: Mutex<BTreeSet<u64>>,
    reads: HeadReads<Result<(), Arc<DatabaseError>>>,
}

impl Inquiries {
    pub(super) fn new(database: Database, index: Arc<Index>) -> Self {
        Self { database, index, waiting: Mutex::default(), reads: HeadReads::new() }
    }

    /// Has the index learn the lineage of a revision of its own history. It learns nothing if the database is of another
    /// history by now: then the tail will find out.
    ///
    /// # Errors
    /// That the database could not be read.
    pub(super) async fn ask(&self, number: u64) -> Result<(), Arc<DatabaseError>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        self.reads.read(|| async { self.read().await.map_err(Arc::new) }).await
    }

    async fn read(&self) -> Result<(), DatabaseError> {
        let waiting = || self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = waiting().clone();
        let read = self.learn(&numbers).await;
        // Only now: if whoever reads gives up, the next one asks for all that still wait.
        waiting().retain(|number| !numbers.contains(number));
        read
    }

    async fn learn(&self, numbers: &BTreeSet<u64>) -> Result<(), DatabaseError> {
        let Some(life) = self.index.life() else { return Ok(()) };
        let Some(applied) = life.applied() else { return Ok(()) };
        // All as of one moment: if what is applied is part of the database's history then, so is what that says of before.
        let mut moment = log::moment(&self.database).await?;
        let head = head::read_in(&mut *moment).await?;
        let own = history::digest_at(&mut moment, &head, applied.number).await?;
        if head.point.epoch != applied.epoch || own.is_none_or(|own| own.lineage() != applied.lineage) {
            self.index.wake();
            return Ok(());
        }
        for number in numbers {
            let digest = history::digest_at(&mut moment, &head, *number).await?;
            life.learn(*number, digest.map(|digest| digest.lineage()), head.floor);
        }
        Ok(())
    }
}
