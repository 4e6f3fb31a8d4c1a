//! The tree as it must be: its shape, sizes, names and arrows. A rule that does not hold names the file and says what is wrong.

mod alerts;
mod arrows;
mod contracts;
mod documents;
mod files;
mod functions;
mod lapses;
mod leaks;
mod names;
mod security;
mod services;
mod tree;

/// Fails with all violations at once.
fn none_of(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n  {}\n", violations.join("\n  "));
}
