//! What goes wrong in a command, as one message for the person at the terminal.

use std::fmt;

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A message that says what went wrong and what to do.
#[derive(Debug)]
pub(crate) struct Error {
    message: String,
    unread: bool,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), unread: false }
    }

    /// Whoever read the output stopped early.
    pub(crate) fn unread() -> Self {
        Self { message: "nobody reads the output any more".to_owned(), unread: true }
    }

    /// Whether it is no mistake of anybody's, since whoever asked has read all that they wanted.
    pub(crate) fn is_unread(&self) -> bool {
        self.unread
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            message.push_str(&format!(": {inner}"));
            source = inner.source();
        }
        Self::new(message)
    }
}
