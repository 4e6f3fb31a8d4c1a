//! What has been done so far, and how long it took.

use std::time::{Duration, Instant};

/// A step that has been done.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was done.
    pub what: String,
    /// How long it took.
    pub took: Duration,
}

/// Reports each step with its time.
pub(super) struct Stopwatch<'a, F: FnMut(&Step)> {
    since: Instant,
    progress: &'a mut F,
}

impl<'a, F: FnMut(&Step)> Stopwatch<'a, F> {
    pub(super) fn start(progress: &'a mut F) -> Self {
        Self { since: Instant::now(), progress }
    }

    pub(super) fn done(&mut self, what: &str) {
        (self.progress)(&Step { what: what.to_owned(), took: self.since.elapsed() });
        self.since = Instant::now();
    }
}
