//! What a command answers: once for people, once for scripts.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::arguments::Output;
use crate::table::Table;

/// The exit code of a question that was answered with no.
const DENIED: u8 = 1;

/// The answer of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    json: Value,
    human: Human,
    notes: Vec<String>,
    denied: bool,
}

/// What people get on stdout.
#[derive(Debug)]
pub(crate) enum Human {
    /// Rows under names of columns.
    Table(Table),
    /// Text as it is, for example a schema, or a secret that a script takes up.
    Text(String),
}

impl Answer {
    /// An answer, in both forms.
    pub(crate) fn new(json: &impl Serialize, human: Human) -> Self {
        let json = serde_json::to_value(json).expect("answers are structs with named fields");
        Self { json, human, notes: Vec::new(), denied: false }
    }

    /// The same, with a line that is for people only, on stderr.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same, as a no if it is one.
    pub(crate) fn denied(mut self, denied: bool) -> Self {
        self.denied = denied;
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        if self.denied { DENIED } else { 0 }
    }

    /// Prints it.
    pub(crate) fn print(&self, output: Output) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if output.is_json() {
            writeln!(stdout, "{:#}", self.json)?;
            return stdout.flush();
        }
        match &self.human {
            Human::Table(table) => write!(stdout, "{table}")?,
            Human::Text(text) if text.ends_with('\n') => write!(stdout, "{text}")?,
            Human::Text(text) => writeln!(stdout, "{text}")?,
        }
        stdout.flush()?;
        let mut stderr = io::stderr().lock();
        self.notes.iter().try_for_each(|note| writeln!(stderr, "note: {note}"))
    }
}
