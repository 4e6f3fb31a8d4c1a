//! Group commit: the writes of many callers in one transaction, each with its own revision, answer or error.
//!
//! One task of the process (the [`Leader`]) takes what waits, locks the head once, decides the writes in their order, and
//! commits once. A write is decided on what those before it left, and answered when all of it is durable: an error may rest on
//! a write of the same group, so it is no more certain than that one.

mod leader;
mod queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chassis::traces::Carried;
use chassis::{AuditEvent, Context, TenantId};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::domain::write::{Change, Precondition, Written};
use crate::error::Error;
use crate::freshness::answer_by;
use crate::store::turn::late;

use queue::{Queue, Refused};

pub(crate) use leader::Leader;

/// Where writes wait for their turn.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
}

/// A write that waits, and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    tenant: TenantId,
    preconditions: Vec<Precondition>,
    change: Change,
    /// The audit event, but for the revision that the write gets.
    event: AuditEvent,
    deadline: Instant,
    trace: Carried,
    answer: oneshot::Sender<Result<Written, Error>>,
    turn: FirstToDecide,
}

/// Whether a write is begun or given up: the first of the two who decide it has it.
#[derive(Clone, Debug, Default)]
struct FirstToDecide(Arc<AtomicBool>);

impl FirstToDecide {
    fn is_mine(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

impl Writer {
    /// A queue of at most `waiting_max` writes, and its end for the leader.
    pub(crate) fn new(waiting_max: usize) -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue::new(waiting_max));
        (Self { queue: Arc::clone(&queue) }, queue)
    }

    /// Makes a write in the caller's tenant.
    ///
    /// # Errors
    /// The write's own, then nothing has changed; that too many wait; or that the database is lost, or does not answer by the
    /// call's deadline.
    pub(crate) async fn write(
        &self,
        ctx: &Context,
        preconditions: Vec<Precondition>,
        change: Change,
    ) -> Result<Written, Error> {
        let (answer, answered) = oneshot::channel();
        let (tenant, event) = (ctx.tenant().clone(), AuditEvent::of(ctx, ""));
        let (deadline, turn) = (answer_by(ctx), FirstToDecide::default());
        let (trace, turn_of_it) = (Carried::here(), turn.clone());
        let waiting = Waiting { tenant, preconditions, change, event, deadline, trace, answer, turn: turn_of_it };
        self.queue.push(waiting).map_err(|refused| match refused {
            Refused::Full { waiting_max } => Error::WritesWaiting { waiting_max },
            Refused::Closed => Error::NotReady,
        })?;
        match timeout_at(deadline, answered).await {
            Ok(Ok(outcome)) => outcome,
            // As many as may wait are written in a moment: if they are not, the database does not answer.
            Err(_) if turn.is_mine() => Err(Error::Batch(Arc::new(late()))),
            // It is being written, or the process is cut off: then nobody knows.
            Ok(Err(_)) | Err(_) => Err(Error::CommitUnknown(None)),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Waiting {
    /// Whether it is to be made: not if nobody waits for it any more.
    fn begin(&self) -> bool {
        !self.answer.is_closed() && Instant::now() < self.deadline && self.turn.is_mine()
    }

    /// How much it adds to a group.
    fn changes(&self) -> usize {
        match &self.change {
            Change::Updates(updates) => updates.len(),
            Change::Deletion(deletion) => deletion.limit as usize,
        }
    }
}
