//! Where writes wait for their turn, so that no tenant's many writes hold up another's few.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chassis::TenantId;
use tokio::sync::Notify;

use super::Waiting;

/// A queue for each tenant, which have their turns one after the other.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting_max: usize,
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    by_tenant: HashMap<TenantId, VecDeque<Waiting>>,
    /// The tenants with writes that wait, each once, the next one first.
    turns: VecDeque<TenantId>,
    waiting: usize,
    is_closed: bool,
}

/// Why a write may not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// So many wait already.
    Full { waiting_max: usize },
    /// Nobody takes writes any more.
    Closed,
}

impl Queue {
    /// A queue of at most `waiting_max` writes, half of them one tenant's.
    pub(super) fn new(waiting_max: usize) -> Self {
        Self { waiting_max, state: Mutex::default(), more: Notify::new() }
    }

    /// Lets a write wait.
    pub(super) fn push(&self, waiting: Waiting) -> Result<(), Refused> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Refused::Closed);
        }
        let share = self.waiting_max.div_ceil(2);
        let of_tenant = state.by_tenant.get(&waiting.tenant).map_or(0, VecDeque::len);
        for (waiting, waiting_max) in [(state.waiting, self.waiting_max), (of_tenant, share)] {
            if waiting >= waiting_max {
                return Err(Refused::Full { waiting_max });
            }
        }
        if of_tenant == 0 {
            state.turns.push_back(waiting.tenant.clone());
        }
        state.waiting += 1;
        state.by_tenant.entry(waiting.tenant.clone()).or_default().push_back(waiting);
        drop(state);
        self.more.notify_one();
        Ok(())
    }

    /// Waits for the next write; none when nobody can ask for one any more.
    pub(super) async fn next(&self) -> Option<Waiting> {
        loop {
            let more = self.more.notified();
            if let Some(waiting) = self.try_next() {
                return Some(waiting);
            }
            if self.state().is_closed {
                return None;
            }
            more.await;
        }
    }

    /// The next write, if one waits: of each tenant in turn.
    pub(super) fn try_next(&self) -> Option<Waiting> {
        let mut state = self.state();
        let tenant = state.turns.pop_front()?;
        let queue = state.by_tenant.get_mut(&tenant)?;
        let waiting = queue.pop_front();
        if queue.is_empty() {
            state.by_tenant.remove(&tenant);
        } else {
            state.turns.push_back(tenant);
        }
        state.waiting -= usize::from(waiting.is_some());
        waiting
    }

    /// Takes no more writes. Those that wait are still made.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.more.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chassis::AuditEvent;
    use chassis::traces::Carried;
    use time::OffsetDateTime;
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::super::FirstToDecide;
    use super::*;
    use crate::domain::write::Change;

    fn write(tenant: &str) -> Waiting {
        let event = AuditEvent::of_service("test", "test", tenant, tenant, OffsetDateTime::UNIX_EPOCH);
        Waiting {
            tenant: tenant.parse().unwrap(),
            preconditions: Vec::new(),
            change: Change::Updates(Vec::new()),
            event,
            deadline: Instant::now(),
            trace: Carried::default(),
            answer: oneshot::channel().0,
            turn: FirstToDecide::default(),
        }
    }

    #[test]
    fn tenants_have_their_turns_however_much_one_of_them_writes() {
        let queue = Queue::new(100);
        for tenant in ["storm", "storm", "storm", "calm", "storm", "other", "calm"] {
            queue.push(write(tenant)).unwrap();
        }
        let taken: Vec<String> = std::iter::from_fn(|| queue.try_next()).map(|next| next.tenant.to_string()).collect();
        assert_eq!(taken, ["storm", "calm", "other", "storm", "calm", "storm", "storm"]);
    }

    #[test]
    fn one_tenant_fills_half_of_the_queue_and_leaves_the_rest_to_others() {
        let queue = Queue::new(4);
        queue.push(write("storm")).unwrap();
        queue.push(write("storm")).unwrap();
        assert_eq!(queue.push(write("storm")), Err(Refused::Full { waiting_max: 2 }));
        queue.push(write("calm")).unwrap();
        queue.push(write("other")).unwrap();
        assert_eq!(queue.push(write("last")), Err(Refused::Full { waiting_max: 4 }));
        assert!(queue.try_next().is_some());
        queue.push(write("last")).unwrap();
    }

    #[tokio::test]
    async fn what_waits_when_it_closes_is_still_taken() {
        let queue = Queue::new(4);
        queue.push(write("acme")).unwrap();
        queue.close();
        assert_eq!(queue.push(write("acme")), Err(Refused::Closed));
        assert!(queue.next().await.is_some());
        assert!(queue.next().await.is_none());
    }
}
