//! A long comparison with the plain evaluator: random schemas, graphs, writes, schema changes and merges, every question.

use std::sync::Arc;

use graph::{Budget, Change, CheckError, CheckRequest, Engine, EngineOptions, RelationshipSet, Schema, check};
use worlds::{Operators, Random, Shape, World, ids, nodes, possible_relationships, subjects};

/// How many objects each type has.
const OBJECTS: usize = 4;
const SHAPE: Shape = Shape { operators: Operators::Every, objects: OBJECTS, relationships_max: 60, acyclic: false };

#[derive(Debug, Default)]
struct Count {
    answers: u64,
    cycles: u64,
    worlds: u64,
}

/// Compares until so many answers have been the same; stops at the first that differs.
pub(crate) fn soak(answers: u64) {
    let mut count = Count::default();
    let mut random = Random::new(1);
    while count.answers < answers {
        world(&mut random, &mut count);
        count.worlds += 1;
    }
    println!(
        "{} answers of {} worlds are the plain evaluator's, {} of them cycles through a negation",
        count.answers, count.worlds, count.cycles
    );
}

fn world(random: &mut Random, count: &mut Count) {
    let World { schema, relationships: mut stored } = World::random(random, &SHAPE);
    let mut schema = Arc::new(schema);
    let possible = possible_relationships(&schema, &ids(OBJECTS));
    let engine = Engine::load(EngineOptions::default(), 1, Arc::clone(&schema), stored.iter()).expect("no cap is near");
    for revision in (2..).step_by(2).take(6) {
        compare(&engine, &schema, &stored, random, count);
        let mut changes = Vec::new();
        for _ in 0..random.below(12) {
            let relationship = random.pick(&possible).clone();
            let is_delete = random.one_in(2);
            if is_delete {
                stored.remove(&relationship)
            } else {
                stored.insert(relationship.clone())
            };
            changes.push(if is_delete { Change::Delete(relationship) } else { Change::Touch(relationship) });
        }
        engine.apply(revision, changes).expect("revisions come in order");
        match random.below(4) {
            0 => engine.merge(),
            1 => {
                schema = Arc::new(World::random(random, &SHAPE).schema);
                engine.set_schema(revision + 1, Arc::clone(&schema)).expect("revisions come in order");
            }
            _ => {}
        }
    }
}

fn compare(engine: &Engine, schema: &Schema, stored: &RelationshipSet, random: &mut Random, count: &mut Count) {
    let (snapshot, budget) = (engine.snapshot(), Budget::default());
    let nodes = nodes(schema, &ids(OBJECTS));
    let subjects = subjects(schema, &ids(OBJECTS));
    for _ in 0..3 {
        let subject = random.pick(&subjects);
        let asked: Vec<CheckRequest<'_>> =
            nodes.iter().map(|(resource, permission)| CheckRequest { resource, permission, subject }).collect();
        for (request, at_once) in asked.iter().zip(snapshot.check_many(&asked, &budget)) {
            let expected = check(schema, stored, request, &budget);
            let shown = || format!("{request:?}\n{}\n{:?}", schema.to_text(), stored.iter().collect::<Vec<_>>());
            assert_eq!(at_once, expected, "{}", shown());
            assert_eq!(snapshot.check(request, &budget), expected, "{}", shown());
            count.answers += 1;
            count.cycles += u64::from(matches!(expected, Err(CheckError::CycleThroughNegation { .. })));
        }
    }
}
