//! Threads that give way: for work that takes long, so that it holds up no short call, however full the machine is.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

/// How much they give way, as `nice` counts: of a processor that somebody else wants too they get about a tenth.
const NICENESS: i32 = 10;

/// A runtime whose threads give way to all others. Clones share it.
#[derive(Clone, Debug)]
pub struct Aside(Arc<Threads>);

struct Threads(Option<Runtime>);

impl Aside {
    /// Begins as many threads as there are processors, and as many more as there is blocking work at once.
    ///
    /// # Panics
    /// If the operating system gives the process no threads.
    pub fn begin(name: &'static str) -> Self {
        let runtime = Builder::new_multi_thread().thread_name(name).on_thread_start(give_way).enable_all().build();
        Self(Arc::new(Threads(Some(runtime.expect("the operating system gives a process its threads and its poll")))))
    }

    /// What a computation comes to. It goes on to its end even if nobody waits for it any more.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        done(self.runtime().spawn_blocking(work).await)
    }

    /// What a future comes to. It ends when nobody waits for it any more.
    pub async fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        done(AbortOnDropHandle::new(self.runtime().spawn(future)).await)
    }

    /// Goes on with something, whether or not anybody waits for it.
    pub(crate) fn begin_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime().spawn(task);
    }

    fn runtime(&self) -> &Runtime {
        self.0.0.as_ref().expect("taken only when the last clone is dropped")
    }
}

/// A panic goes on where the work was asked for.
pub(crate) fn done<T>(ended: Result<T, JoinError>) -> T {
    match ended {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Threads").finish_non_exhaustive()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A runtime that waits for its threads must not be dropped by a task.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// On Linux, a priority is a thread's own. Without it all works, only less isolated, so a refusal is no error.
fn give_way() {
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn its_threads_give_way_and_the_others_do_not() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = nice();
        let aside = Aside::begin("aside");
        assert_eq!(aside.compute(nice).await, before.max(NICENESS));
        assert_eq!(aside.run(async move { nice() }).await, before.max(NICENESS));
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    #[should_panic(expected = "a mistake")]
    async fn a_panic_goes_on_where_the_work_was_asked_for() {
        Aside::begin("aside").compute(|| panic!("a mistake")).await;
    }
}
