//! Lines on their way out: many at a time when there are many, so that a call does not cost a system call.
//!
//! No line is lost while the process lives: who finds the buffer full writes it out before going on. A line waits for
//! [`HELD`] at most; one that warns of something does not, nor one of the audit trail, whose event leaves the database once it
//! is written. Both take all that were before along.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::outbox::AUDIT;

/// How long a line waits for others.
const HELD: Duration = Duration::from_millis(5);

/// How much waits, in bytes.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// Where lines go. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Vec<u8>>,
    some: Condvar,
    /// Whoever has it takes what waits, so that what is taken first is written first.
    out: Mutex<Out>,
}

struct Out {
    to: Box<dyn Write + Send>,
    /// What was written last: its memory is used again.
    written: Vec<u8>,
}

impl Lines {
    /// Writes to `out` until the process ends.
    pub(super) fn begin(out: impl Write + Send + 'static) -> Self {
        let out = Mutex::new(Out { to: Box::new(out), written: Vec::new() });
        let shared = Arc::new(Shared { waiting: Mutex::default(), some: Condvar::new(), out });
        let writing = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("logs".to_owned()).spawn(move || {
            loop {
                writing.wait();
                std::thread::sleep(HELD);
                writing.write_out();
            }
        });
        thread.expect("the operating system gives a process its threads");
        Self(shared)
    }

    /// Writes what waits.
    pub(super) fn write_out(&self) {
        self.0.write_out();
    }
}

impl Shared {
    /// Waits until something waits.
    fn wait(&self) {
        let waiting = locked(&self.waiting);
        drop(self.some.wait_while(waiting, |waiting| waiting.is_empty()));
    }

    fn push(&self, line: &[u8], at_once: bool) {
        let mut waiting = locked(&self.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_full = waiting.len() >= WAITING_BYTES_MAX;
        drop(waiting);
        if at_once || is_full {
            self.write_out();
        } else if is_first {
            self.some.notify_one();
        }
    }

    fn write_out(&self) {
        let mut out = locked(&self.out);
        let Out { to, written } = &mut *out;
        written.clear();
        std::mem::swap(written, &mut locked(&self.waiting));
        // Nowhere is left where it could be said that a log cannot be written.
        let _ = to.write_all(written).and_then(|()| to.flush());
    }
}

/// A panic in the middle of a line leaves at worst half a line.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lines").finish_non_exhaustive()
    }
}

/// One line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    shared: &'a Shared,
    at_once: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shared: &self.0, at_once: true }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { shared: &self.0, at_once: *about.level() <= Level::WARN || about.target() == AUDIT }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.push(line, self.at_once);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
