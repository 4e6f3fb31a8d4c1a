//! The table of lapses speaks of tests that there are, and no test of a lapse is left out of it.

use std::collections::BTreeSet;

use crate::none_of;
use crate::tree::{read, rust_files};

const TABLE: &str = "docs/reference/lapses.md";

/// What begins the name of a test of a lapse.
const PREFIX: &str = "lapse_";

#[test]
fn the_table_of_lapses_names_every_test_of_one() {
    let table = read(TABLE);
    let named: BTreeSet<&str> = table.split('`').filter(|word| word.starts_with(PREFIX)).collect();
    let files = rust_files();
    let lines = files.iter().flat_map(|file| file.text.lines());
    let written: BTreeSet<&str> = lines
        .filter_map(|line| line.split_once("fn ")?.1.split_once('('))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    let missing = named.difference(&written).map(|name| format!("{TABLE}: there is no test {name}"));
    let unnamed = written.difference(&named).map(|name| format!("{name} is not in {TABLE}"));
    none_of(missing.chain(unnamed).collect());
}
