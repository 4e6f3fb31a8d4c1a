//! A random schema with random relationships.

use graph::{ObjectRef, Relationship, RelationshipSet, Schema};

use crate::population::{ids, possible_relationships};
use crate::random::Random;
use crate::schema::schema_text;

/// Which operators an expression may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// All there are.
    Every,
    /// Only those with which more relationships never mean less: neither exclusion nor `.all`.
    Growing,
}

/// What a world is drawn within.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Which operators its permissions use.
    pub operators: Operators,
    /// How many objects each of the four types has.
    pub objects: usize,
    /// How many relationships there are at most.
    pub relationships_max: u64,
    /// Whether no object may lead back to itself, by relationships of any kind.
    pub acyclic: bool,
}

/// A schema, and relationships that it admits.
#[derive(Clone, Debug)]
pub struct World {
    /// The schema.
    pub schema: Schema,
    /// The relationships.
    pub relationships: RelationshipSet,
}

impl World {
    /// A world within this shape.
    pub fn random(random: &mut Random, shape: &Shape) -> Self {
        Self::random_with(random, shape, |_| String::new())
    }

    /// A world within this shape, with random statements added to the type `folder`.
    pub fn random_with(random: &mut Random, shape: &Shape, more: impl Fn(&mut Random) -> String) -> Self {
        let schema = loop {
            let more = more(random);
            if let Ok(schema) = Schema::parse(&schema_text(random, shape.operators, &more)) {
                break schema;
            }
        };
        let ids = ids(shape.objects);
        let mut possible = possible_relationships(&schema, &ids);
        if shape.acyclic {
            possible.retain(leads_up);
        }
        let wanted = if possible.is_empty() { 0 } else { random.below(shape.relationships_max + 1) };
        let relationships = (0..wanted).map(|_| random.pick(&possible).clone()).collect();
        Self { schema, relationships }
    }

    /// The schema's text, and the relationships one a line.
    pub fn to_text(&self) -> String {
        let lines: Vec<String> = self.relationships.iter().map(|one| one.to_string()).collect();
        format!("{}\n{}\n", self.schema.to_text(), lines.join("\n"))
    }
}

/// Whether a relationship's subject comes after its object, in an order of all objects.
fn leads_up(relationship: &Relationship) -> bool {
    rank(relationship.subject().object()) > rank(relationship.resource())
        || relationship.subject().object().object_id() == "*"
}

fn rank(object: &ObjectRef) -> (&str, &str) {
    (object.object_id(), object.object_type())
}
