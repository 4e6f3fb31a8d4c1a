//! Runs other programs, and says how long they took.

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The cargo that runs this build tool.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs the command before the reader's eyes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().map_err(|error| Error::new(format!("cannot run `{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`{shown}` failed, {status}"))) }
}

/// Does something, and says how long it took.
pub(crate) fn timed<T>(does: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = does();
    (done, start.elapsed())
}

/// A duration for people.
pub(crate) fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

/// Says that a step is done, and how long it took.
pub(crate) fn done(what: &str, took: Duration) {
    println!("  {:>9}  {what}", spoken(took));
}
