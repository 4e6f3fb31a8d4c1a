//! A small world that is written down with what follows from it.
//!
//! A file is made of sections, each begun by a line `== name`. What stands before the first is a description.
//! `schema` and `relationships` speak for themselves; `checks` has a line `has`, `no` or `cycle` and a question each,
//! `refused` a relationship that the schema does not admit each, and `spicedb` the checks that SpiceDB has no answer to, each with
//! the name of the difference.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use graph::{Relationship, RelationshipSet, Schema};

use crate::world::World;

/// What a question must be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The subject has it.
    Has,
    /// It has it not.
    No,
    /// There is no answer, since the question depends on its own denial.
    Cycle,
}

/// A scenario, read.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name, without its ending.
    pub name: String,
    /// The schema's text, as it stands in the file.
    pub schema_text: String,
    /// What holds.
    pub world: World,
    /// Questions, written like relationships, with their answers.
    pub checks: Vec<(Expectation, Relationship)>,
    /// What the schema does not admit.
    pub refused: Vec<Relationship>,
    /// Questions that SpiceDB answers otherwise, by the name of the difference.
    pub spicedb: Vec<(String, Relationship)>,
}

impl Scenario {
    /// All scenarios of a folder, in the order of their names.
    ///
    /// # Panics
    /// If one cannot be read.
    pub fn read_all(folder: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Self {
        let sections = sections(text);
        let lines = |section: &str| -> Vec<&str> {
            let body = sections.get(section).map_or("", String::as_str);
            body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect()
        };
        let relationship = |text: &str| -> Relationship {
            text.trim().parse().unwrap_or_else(|error| panic!("{name}: {text}: {error}"))
        };
        let worded = |line: &str| {
            let (word, question) = line.split_once(' ').unwrap_or_else(|| panic!("{name}: {line}: a word is missing"));
            (word.to_owned(), relationship(question))
        };
        let schema_text = sections.get("schema").unwrap_or_else(|| panic!("{name} has no schema")).clone();
        let schema = Schema::parse(&schema_text).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let relationships: RelationshipSet = lines("relationships").into_iter().map(relationship).collect();
        let checks = lines("checks").into_iter().map(|line| {
            let (word, question) = worded(line);
            (expectation(&word).unwrap_or_else(|| panic!("{name}: {line}: unknown expectation")), question)
        });
        Self {
            name: name.to_owned(),
            schema_text,
            world: World { schema, relationships },
            checks: checks.collect(),
            refused: lines("refused").into_iter().map(relationship).collect(),
            spicedb: lines("spicedb").into_iter().map(worded).collect(),
        }
    }
}

fn expectation(word: &str) -> Option<Expectation> {
    match word {
        "has" => Some(Expectation::Has),
        "no" => Some(Expectation::No),
        "cycle" => Some(Expectation::Cycle),
        _ => None,
    }
}

fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    let mut name = "description".to_owned();
    for line in text.lines() {
        match line.strip_prefix("== ") {
            Some(next) => name = next.trim().to_owned(),
            None => *sections.entry(name.clone()).or_insert_with(String::new) += &format!("{line}\n"),
        }
    }
    sections
}
