//! Runs other programs, and says how long they took.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
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

/// Prints what was asked for.
///
/// # Errors
/// That nobody reads it any more, which is no mistake (`cargo xtask logs | head`); or that it cannot be written.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|error| if error.kind() == io::ErrorKind::BrokenPipe { Error::unread() } else { error.into() })
}

/// Says what is being done. Whoever reads it may stop early: it is done all the same.
pub(crate) fn say_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A line for people, as `say!` writes it, but for a reader who stops early.
macro_rules! say {
    ($($part:tt)*) => { $crate::shell::say_line(format_args!($($part)*)) };
}
pub(crate) use say;

/// Says that a step is done, and how long it took.
pub(crate) fn done(what: &str, took: Duration) {
    say!("  {:>9}  {what}", spoken(took));
}
