//! Runs every file of `scenarios/`: a schema, relationships, and what must follow from them.

use std::path::Path;

use graph::{Budget, CheckError, CheckRequest, Relationship, check};
use worlds::{Expectation, Scenario, World};

#[test]
fn every_scenario_holds() {
    let scenarios = Scenario::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    assert!(scenarios.len() >= 30, "only {} scenarios were found", scenarios.len());
    let failures: Vec<String> = scenarios
        .iter()
        .flat_map(|scenario| run(scenario).into_iter().map(|failure| format!("{}: {failure}", scenario.name)))
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn run(scenario: &Scenario) -> Vec<String> {
    let Scenario { world, checks, refused, .. } = scenario;
    let mut failures = Vec::new();
    if checks.is_empty() {
        failures.push("checks nothing".to_owned());
    }
    for one in world.relationships.iter() {
        failures.extend(world.schema.admits(&one).err().map(|error| format!("{one}: {error}")));
    }
    for (expected, question) in checks {
        let got = answer(world, question);
        if got != *expected {
            failures.push(format!("{question}: {got:?} and not {expected:?}"));
        }
    }
    for one in refused.iter().filter(|one| world.schema.admits(one).is_ok()) {
        failures.push(format!("{one}: was admitted"));
    }
    failures
}

fn answer(world: &World, question: &Relationship) -> Expectation {
    let (resource, subject) = (question.resource(), question.subject());
    let request = CheckRequest { resource, permission: question.relation(), subject };
    match check(&world.schema, &world.relationships, &request, &Budget::default()) {
        Ok(graph::Answer::Has) => Expectation::Has,
        Ok(graph::Answer::No) => Expectation::No,
        Err(CheckError::CycleThroughNegation { .. }) => Expectation::Cycle,
        Err(error) => panic!("{question}: {error}"),
    }
}
