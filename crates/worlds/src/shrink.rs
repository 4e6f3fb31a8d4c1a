//! A failing world is made small: relationships go first, then whatever of the schema is not needed.

use graph::{Definition, Expression, Member, Relationship, RelationshipSet, Schema};

use crate::world::World;

/// Worlds that are one step smaller, those with the most taken away first. Whoever looks for the smallest that still fails takes
/// the first that does, and asks again, until none does: delta debugging (Zeller and Hildebrandt, IEEE TSE 2002).
pub fn smaller(world: &World) -> impl Iterator<Item = World> + '_ {
    fewer_relationships(world).chain(shorter_schemas(world))
}

fn fewer_relationships(world: &World) -> impl Iterator<Item = World> + '_ {
    let all: Vec<Relationship> = world.relationships.iter().collect();
    let sizes = std::iter::successors(Some(all.len().div_ceil(2)), |size| (*size > 1).then(|| size.div_ceil(2)));
    let spans = sizes.filter(|size| *size > 0).flat_map({
        let count = all.len();
        move |size| (0..count).step_by(size).map(move |start| start..(start + size).min(count))
    });
    spans.map(move |span| {
        let kept = all.iter().enumerate().filter(|(index, _)| !span.contains(index));
        World { schema: world.schema.clone(), relationships: kept.map(|(_, one)| one.clone()).collect() }
    })
}

/// What the schema does not admit any more goes with what admitted it.
fn shorter_schemas(world: &World) -> impl Iterator<Item = World> + '_ {
    let texts = shorter_texts(&world.schema);
    texts.into_iter().filter_map(|text| {
        let schema = Schema::parse(&text).ok()?;
        let relationships: RelationshipSet =
            world.relationships.iter().filter(|one| schema.admits(one).is_ok()).collect();
        Some(World { schema, relationships })
    })
}

/// A schema with one thing left out, for everything that can be.
fn shorter_texts(schema: &Schema) -> Vec<String> {
    let written: Vec<(String, Vec<String>)> = schema
        .definitions()
        .iter()
        .map(|definition| (definition.name().to_owned(), definition.members().iter().map(Member::to_string).collect()))
        .collect();
    let without = |at: usize, change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = written.clone();
        change(&mut changed[at].1);
        text(&changed)
    };
    let mut shorter = Vec::new();
    for at in 0..written.len() {
        let mut changed = written.clone();
        changed.remove(at);
        shorter.push(text(&changed));
    }
    for (at, definition) in schema.definitions().iter().enumerate() {
        for index in 0..definition.members().len() {
            shorter.push(without(at, &|members| drop(members.remove(index))));
        }
    }
    for (at, definition) in schema.definitions().iter().enumerate() {
        for (index, statement) in shorter_statements(definition) {
            shorter.push(without(at, &|members| members[index].clone_from(&statement)));
        }
    }
    shorter
}

fn text(definitions: &[(String, Vec<String>)]) -> String {
    let mut text = String::new();
    for (name, members) in definitions {
        text += &format!("definition {name} {{\n{}\n}}\n", members.join("\n"));
    }
    let uses_self =
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == "self");
    if uses_self { format!("use self\n{text}") } else { text }
}

/// Each member's statement with a subject type or an operand less.
fn shorter_statements(definition: &Definition) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (index, member) in definition.members().iter().enumerate() {
        let name = member.name();
        match member {
            Member::Relation(relation) => {
                let types: Vec<String> = relation.subject_types().iter().map(ToString::to_string).collect();
                all.extend((0..types.len()).filter(|_| types.len() > 1).map(|left_out| {
                    let kept: Vec<&str> = types
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| *at != left_out)
                        .map(|(_, one)| one.as_str())
                        .collect();
                    (index, format!("relation {name}: {}", kept.join(" | ")))
                }));
            }
            Member::Permission(permission) => {
                let shorter = shorter_expressions(permission.expression()).into_iter();
                all.extend(shorter.map(|one| (index, format!("permission {name} = {one}"))));
            }
        }
    }
    all
}

fn shorter_expressions(expression: &Expression) -> Vec<Expression> {
    let (operands, rebuild): (_, fn(Vec<Expression>) -> Expression) = match expression {
        Expression::Nil | Expression::Own | Expression::Member(_) | Expression::Arrow { .. } => return Vec::new(),
        Expression::Union(operands) => (operands, Expression::Union),
        Expression::Intersection(operands) => (operands, Expression::Intersection),
        Expression::Exclusion(operands) => (operands, Expression::Exclusion),
    };
    let mut shorter = operands.clone();
    for (at, operand) in operands.iter().enumerate() {
        if operands.len() > 2 {
            let kept = operands.iter().enumerate().filter(|(other, _)| *other != at);
            shorter.push(rebuild(kept.map(|(_, one)| one.clone()).collect()));
        }
        for one in shorter_expressions(operand) {
            let mut changed = operands.clone();
            changed[at] = one;
            shorter.push(rebuild(changed));
        }
    }
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operators, Random, Shape};

    #[test]
    fn a_world_shrinks_to_what_makes_it_fail() {
        let shape = Shape { operators: Operators::Every, objects: 4, relationships_max: 40, acyclic: false };
        let mut random = Random::new(7);
        let fails = |world: &World| {
            world.relationships.iter().any(|one| one.resource().object_type() == "group" && one.relation() == "nested")
        };
        let mut world = std::iter::repeat_with(|| World::random(&mut random, &shape)).find(fails).unwrap();
        loop {
            let next = smaller(&world).find(fails);
            let Some(next) = next else { break };
            world = next;
        }
        assert_eq!(world.relationships.len(), 1, "{}", world.to_text());
        let members: usize = world.schema.definitions().iter().map(|definition| definition.members().len()).sum();
        assert!(members <= 2, "{}", world.to_text());
    }
}
