//! Reading the head for many calls at once: one read is under way at a time, and serves all who came before it began.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A read whose answer is shared.
type Shared<T> = Arc<OnceCell<T>>;

/// Shares reads. An answer is never older than the question: who comes after a read began waits for the next.
#[derive(Debug)]
pub(crate) struct HeadReads<T> {
    not_begun: Mutex<Shared<T>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T: Clone> HeadReads<T> {
    pub(crate) fn new() -> Self {
        Self { not_begun: Mutex::default(), turn: tokio::sync::Mutex::new(()) }
    }

    /// The answer of a read that begins after this call.
    pub(crate) async fn read<F, Fut>(&self, read: F) -> T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let shared = Arc::clone(&self.not_begun.lock().unwrap_or_else(PoisonError::into_inner));
        let answer = shared
            .get_or_init(|| async {
                let _turn = self.turn.lock().await;
                // It begins here: whoever comes from now on is answered by another one.
                *self.not_begun.lock().unwrap_or_else(PoisonError::into_inner) = Shared::default();
                read().await
            })
            .await;
        answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn those_who_wait_share_one_read_and_none_gets_an_answer_from_before_it_asked() {
        let reads = HeadReads::new();
        let (begun, gate) = (AtomicUsize::new(0), tokio::sync::Semaphore::new(0));
        let ask = || {
            reads.read(|| async {
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                gate.acquire().await.unwrap().forget();
                number
            })
        };
        let mut first = Box::pin(ask());
        assert!(futures::poll!(&mut first).is_pending());
        // The first read is under way: these must share the second.
        let mut later: Vec<_> = (0..100).map(|_| Box::pin(ask())).collect();
        for waiting in &mut later {
            assert!(futures::poll!(waiting).is_pending());
        }
        gate.add_permits(2);
        assert_eq!(first.await, 1);
        for waiting in later {
            assert_eq!(waiting.await, 2);
        }
    }

    #[tokio::test]
    async fn a_reader_that_gives_up_takes_nobody_with_it() {
        let reads = HeadReads::new();
        let gate = tokio::sync::Semaphore::new(0);
        let ask = || {
            reads.read(|| async {
                gate.acquire().await.unwrap().forget();
                7
            })
        };
        let mut first = Box::pin(ask());
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(ask());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        gate.add_permits(1);
        assert_eq!(second.await, 7);
    }
}
