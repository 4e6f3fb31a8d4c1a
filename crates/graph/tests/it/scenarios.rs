//! Runs every file of `scenarios/`: a schema, relationships, and what must follow from them.
//!
//! A file is made of sections, each begun by a line `== name`. What stands before the first is a description.
//! `schema` and `relationships` speak for themselves; `checks` has a line `has`, `no` or `cycle` and a question each,
//! `refused` a relationship that the schema does not admit each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use graph::{Answer, CheckError, RelationshipSet, Schema};

use crate::{ask, relationship, schema};

#[test]
fn every_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "only {} scenarios were found", paths.len());
    let failures: Vec<String> = paths.iter().flat_map(|path| run(path)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn run(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a scenario is text");
    let sections = sections(&text);
    let lines = |name: &str| -> Vec<&str> {
        let body = sections.get(name).map_or("", String::as_str);
        body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect()
    };
    let schema = schema(&sections["schema"]);
    let stored: RelationshipSet = lines("relationships").into_iter().map(relationship).collect();
    for one in stored.iter() {
        schema.admits(&one).unwrap_or_else(|error| panic!("{}: {one}: {error}", path.display()));
    }
    let checks = lines("checks");
    assert!(!checks.is_empty(), "{} checks nothing", path.display());
    let mut failures: Vec<String> = checks
        .into_iter()
        .filter_map(|line| fails(&schema, &stored, line).map(|why| format!("{line}: {why}")))
        .collect();
    failures.extend(
        lines("refused")
            .into_iter()
            .filter(|line| schema.admits(&relationship(line)).is_ok())
            .map(|line| format!("{line}: was admitted")),
    );
    failures.into_iter().map(|failure| format!("{}: {failure}", path.display())).collect()
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

fn fails(schema: &Schema, stored: &RelationshipSet, line: &str) -> Option<String> {
    let (expected, question) = line.split_once(' ').expect("a check has an answer and a question");
    let answer = ask(schema, stored, question.trim());
    let holds = match expected {
        "has" => answer == Ok(Answer::Has),
        "no" => answer == Ok(Answer::No),
        "cycle" => matches!(answer, Err(CheckError::CycleThroughNegation { .. })),
        other => panic!("unknown expectation {other}"),
    };
    (!holds).then(|| format!("got {answer:?}"))
}
