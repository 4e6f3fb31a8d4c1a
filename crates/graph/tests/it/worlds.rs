//! Small random worlds as proptest draws them: by a seed.

use ::worlds::{Random, Shape, ids, schema_text};
use graph::{ObjectRef, Relationship, Schema, SubjectRef};
use proptest::prelude::*;

pub(crate) use ::worlds::{Operators, World};

/// How many objects each type has.
const OBJECTS: usize = 3;

fn shape(operators: Operators) -> Shape {
    Shape { operators, objects: OBJECTS, relationships_max: 25, acyclic: false }
}

/// Texts of random schemas.
pub(crate) fn schema_texts() -> impl Strategy<Value = String> {
    worlds(Operators::Every).prop_map(|world| world.schema.to_text())
}

/// Texts of random schemas as they were drawn, right or not.
pub(crate) fn raw_schema_texts() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|seed| schema_text(&mut Random::new(seed), Operators::Every, ""))
}

/// Random worlds.
pub(crate) fn worlds(operators: Operators) -> impl Strategy<Value = World> {
    worlds_with(|_| String::new(), operators)
}

/// Random worlds with random statements added to the type `folder`.
pub(crate) fn worlds_with(more: fn(&mut Random) -> String, operators: Operators) -> impl Strategy<Value = World> {
    any::<u64>().prop_map(move |seed| World::random_with(&mut Random::new(seed), &shape(operators), more))
}

/// Every relationship between the few objects that the schema admits.
pub(crate) fn possible_relationships(schema: &Schema) -> Vec<Relationship> {
    ::worlds::possible_relationships(schema, &ids(OBJECTS))
}

/// Every object with every relation and permission.
pub(crate) fn nodes(schema: &Schema) -> Vec<(ObjectRef, String)> {
    ::worlds::nodes(schema, &ids(OBJECTS))
}

/// Every subject that can be asked about.
pub(crate) fn subjects(schema: &Schema) -> Vec<SubjectRef> {
    ::worlds::subjects(schema, &ids(OBJECTS))
}

/// A few cases of everything, without a file of past failures: the crate's folder is for its authors. A smaller seed is no
/// smaller world, so proptest does not look for one.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() }
}
