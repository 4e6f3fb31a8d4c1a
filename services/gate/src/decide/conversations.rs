//! Questions to the permissions service on streams that stay open: asked that way, one costs both sides a fraction of a call.
//!
//! Each tenant has as many conversations as the service has endpoints. What cannot be asked here, or is not answered soon, its
//! caller asks by a call of its own, which knows how to find an endpoint that works: nothing depends on a conversation.

mod conversation;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chassis::peer::Peer;
use chassis::{Tasks, TenantId};
use contract::permissions::v1::{CheckBulkItem, CheckBulkResult};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::metrics::QuestionMetrics;
use conversation::{ANSWER_WITHIN, converse};

/// How many tenants are asked for this way at once. The others' questions are calls.
const TENANTS_MAX: usize = 256;

/// How many questions wait in one conversation. More are calls.
const QUESTIONS_WAITING_MAX: usize = 1_024;

/// A question, and who waits for its answer.
#[derive(Debug)]
struct Asked {
    item: CheckBulkItem,
    answer: oneshot::Sender<Told>,
}

/// An answer, and the token of the state that it was found in; empty if there is none.
pub(super) type Told = (CheckBulkResult, Arc<str>);

/// All conversations.
#[derive(Debug)]
pub(crate) struct Conversations {
    peer: Peer,
    tasks: Tasks,
    by_tenant: Mutex<HashMap<TenantId, Arc<[mpsc::Sender<Asked>]>>>,
    turn: AtomicUsize,
    metrics: QuestionMetrics,
}

impl Conversations {
    pub(crate) fn new(peer: Peer, tasks: Tasks, metrics: QuestionMetrics) -> Self {
        Self { peer, tasks, by_tenant: Mutex::default(), turn: AtomicUsize::new(0), metrics }
    }

    /// The answer, at the newest state that the service has at hand; none if there is no answer here.
    pub(crate) async fn ask(&self, tenant: &TenantId, item: CheckBulkItem, deadline: Instant) -> Option<Told> {
        let (answer, answered) = oneshot::channel();
        let conversations = self.of(tenant)?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % conversations.len();
        conversations.get(turn)?.try_send(Asked { item, answer }).ok()?;
        let soon = deadline.min(Instant::now() + ANSWER_WITHIN);
        timeout_at(soon, answered).await.ok()?.ok()
    }

    /// The tenant's conversations, begun if there is room for them.
    fn of(&self, tenant: &TenantId) -> Option<Arc<[mpsc::Sender<Asked>]>> {
        let mut by_tenant = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = by_tenant.get(tenant).filter(|begun| begun.iter().all(|one| !one.is_closed())) {
            return Some(Arc::clone(begun));
        }
        if by_tenant.len() >= TENANTS_MAX {
            by_tenant.retain(|_, begun| begun.iter().any(|one| !one.is_closed()));
        }
        if by_tenant.len() >= TENANTS_MAX && !by_tenant.contains_key(tenant) {
            return None;
        }
        let begun: Arc<[_]> = (0..self.peer.endpoints()).map(|_| self.begin(tenant)).collect();
        by_tenant.insert(tenant.clone(), Arc::clone(&begun));
        Some(begun)
    }

    fn begin(&self, tenant: &TenantId) -> mpsc::Sender<Asked> {
        let (ask, questions) = mpsc::channel(QUESTIONS_WAITING_MAX);
        let conversation = converse(self.peer.clone(), tenant.clone(), questions, self.metrics.clone());
        self.tasks.spawn("conversation", conversation);
        ask
    }
}
