//! The engine gives the plain evaluator's answers and errors, whatever the order of writes, schemas and merges.

use std::sync::Arc;

use graph::{Budget, Change, CheckRequest, Engine, EngineOptions, RelationshipSet, Schema, check};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::worlds::{Operators, World, cases, nodes, possible_relationships, subjects, worlds};

/// Asks everything about everyone; one after the other, or all at once.
fn compare(
    engine: &Engine,
    schema: &Schema,
    stored: &RelationshipSet,
    subjects: &[graph::SubjectRef],
    budget: &Budget,
) {
    let snapshot = engine.snapshot();
    let nodes = nodes(schema);
    assert_eq!(snapshot.relationships(), stored.len());
    for (object, relation) in &nodes {
        let expected: Vec<_> = stored.subjects(object, relation).cloned().collect();
        assert_eq!(snapshot.subjects(object, relation, stored.len()), Some(expected), "{object}#{relation}");
    }
    for subject in subjects {
        let requests: Vec<CheckRequest<'_>> =
            nodes.iter().map(|(resource, permission)| CheckRequest { resource, permission, subject }).collect();
        for (request, at_once) in requests.iter().zip(snapshot.check_many(&requests, budget)) {
            let expected = check(schema, stored, request, budget);
            let question = format!("{}#{}@{subject}", request.resource, request.permission);
            assert_eq!(snapshot.check(request, budget), expected, "{question}\n{}", schema.to_text());
            assert_eq!(at_once, expected, "{question}");
        }
    }
}

fn step(
    engine: &Engine,
    revision: u64,
    stored: &mut RelationshipSet,
    possible: &[graph::Relationship],
    picks: &[(Index, bool)],
) {
    let mut changes = Vec::new();
    for (pick, touches) in picks {
        let relationship = pick.get(possible).clone();
        if *touches {
            stored.insert(relationship.clone());
            changes.push(Change::Touch(relationship));
        } else {
            stored.remove(&relationship);
            changes.push(Change::Delete(relationship));
        }
    }
    engine.apply(revision, changes).expect("revisions come in order and no cap is near");
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn the_engine_agrees_with_the_plain_evaluator_through_writes_and_merges(
        world in worlds(Operators::Every),
        other in worlds(Operators::Every),
        writes in vec((vec((any::<Index>(), any::<bool>()), 1..12), 0..4_u8), 1..5),
        asks in prop::array::uniform4(any::<Index>()),
    ) {
        let World { schema, relationships: mut stored } = world;
        let mut schema = Arc::new(schema);
        let engine = Engine::load(EngineOptions::default(), 1, Arc::clone(&schema), stored.iter()).unwrap();
        let mut revision = 1;
        let budget = Budget::default();
        let all = subjects(&schema);
        let some: Vec<_> = asks.iter().map(|ask| ask.get(&all).clone()).collect();
        compare(&engine, &schema, &stored, &some, &budget);
        let possible = possible_relationships(&schema);
        for (picks, then) in writes {
            revision += 2;
            step(&engine, revision, &mut stored, &possible, &picks);
            match then {
                0 => engine.merge(),
                1 => {
                    revision += 1;
                    schema = Arc::new(other.schema.clone());
                    engine.set_schema(revision, Arc::clone(&schema)).unwrap();
                }
                _ => {}
            }
            compare(&engine, &schema, &stored, &some, &budget);
        }
    }
}
