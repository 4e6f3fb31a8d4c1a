//! What is wrong with a schema's text: where, what, and what to do about it.

use std::fmt;

use super::limits::ERRORS_MAX;

/// One thing wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1. The end of the text is one past its last character.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}: {}; {}", self.line, self.column, self.message, self.hint)
    }
}

impl std::error::Error for SchemaError {}

/// Everything found wrong with a schema, in the order of the text: at least one error and at most
/// [`ERRORS_MAX`](crate::limits::ERRORS_MAX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaErrors {
    errors: Vec<SchemaError>,
    truncated: bool,
}

impl SchemaErrors {
    /// The errors, first in the text first.
    pub fn iter(&self) -> impl Iterator<Item = &SchemaError> {
        self.errors.iter()
    }

    /// The error that comes first in the text.
    pub fn first(&self) -> &SchemaError {
        self.errors.first().expect("made of at least one error")
    }

    /// Whether reading stopped early, so that there may be more.
    pub fn truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Display for SchemaErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{error}")?;
        }
        if self.truncated {
            write!(formatter, "\nreading stopped here: there may be more errors")?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaErrors {}

/// Collects errors by byte offset and turns offsets into lines and columns only when asked for.
#[derive(Debug, Default)]
pub(super) struct ErrorList {
    errors: Vec<(usize, String, String)>,
    closed: bool,
}

impl ErrorList {
    /// Keeps an error, unless the list is full.
    pub(super) fn report(&mut self, offset: usize, message: impl Into<String>, hint: impl Into<String>) {
        if !self.is_full() {
            self.errors.push((offset, message.into(), hint.into()));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.closed || self.errors.len() >= ERRORS_MAX
    }

    /// Takes no more errors: looking on would cost too much.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The list as it is shown to whoever wrote `text`, if there is anything to show.
    pub(super) fn into_result(mut self, text: &str) -> Result<(), SchemaErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let truncated = self.is_full();
        self.errors.sort_by_key(|(offset, _, _)| *offset);
        let errors = self.errors.into_iter().map(|(offset, message, hint)| {
            let (line, column) = place(text, offset);
            SchemaError { line, column, message, hint }
        });
        Err(SchemaErrors { errors: errors.collect(), truncated })
    }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}
