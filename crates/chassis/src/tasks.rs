//! The tasks that run beside the calls. All end with the service, after its last call; none is forgotten.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running tasks. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    ending: CancellationToken,
}

impl Tasks {
    /// Runs a task until it is done or the service ends, which it does after its last call: calls may need what the task does.
    /// Anything that it must not leave half-done belongs into a
    /// transaction.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        #[expect(clippy::disallowed_methods, reason = "the one place where a task begins")]
        tokio::spawn(self.tracker.track_future(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = task => tracing::debug!(task = name, "task done"),
            }
        }));
    }

    /// Ends when the service drains: for streams to callers, which would otherwise go on until they are cut off.
    pub fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        self.draining.clone().cancelled_owned()
    }

    /// Runs to its end something that a drain must wait for, however long it takes.
    pub fn spawn_to_its_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        #[expect(clippy::disallowed_methods, reason = "the one place where a task begins")]
        tokio::spawn(self.tracker.track_future(task));
    }

    /// Rings when the service drains.
    pub(crate) fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Ends what would go on for ever in calls: the service takes no new ones.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
    }

    /// Tells every task to end, and waits until all have.
    pub(crate) async fn end(&self) {
        self.draining.cancel();
        self.ending.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_runs_beside_calls_goes_on_while_they_drain_and_ends_after_them() {
        let tasks = Tasks::default();
        let (alive, mut ended) = tokio::sync::oneshot::channel::<()>();
        tasks.spawn("job", async move {
            let _alive = alive;
            std::future::pending().await
        });
        tasks.drain();
        tasks.ending().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(ended.try_recv().is_err_and(|error| error == tokio::sync::oneshot::error::TryRecvError::Empty));
        tasks.end().await;
        assert!(ended.await.is_err(), "the job is dropped");
    }
}
