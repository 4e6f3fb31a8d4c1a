//! A long comparison with the plain evaluator: random schemas, graphs, writes, schema changes and merges, every question.

use std::sync::Arc;

use graph::{
    Budget, Change, CheckError, CheckRequest, Engine, EngineOptions, ObjectRef, Relationship, RelationshipSet, Schema,
    SubjectKind, SubjectRef, check,
};

use crate::random::Random;

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const TYPES: [&str; 4] = ["user", "group", "folder", "document"];
const MEMBERS: [&str; 5] = ["direct", "nested", "one", "two", "three"];

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
    let mut schema = Arc::new(random_schema(random));
    let mut stored = RelationshipSet::new();
    let possible = possible(&schema);
    let size = random.below(60);
    stored.extend((0..size).map(|_| pick(&possible, random).clone()));
    let engine = Engine::load(EngineOptions::default(), 1, Arc::clone(&schema), stored.iter()).expect("no cap is near");
    for revision in (2..).step_by(2).take(6) {
        compare(&engine, &schema, &stored, random, count);
        let mut changes = Vec::new();
        for _ in 0..random.below(12) {
            let relationship = pick(&possible, random).clone();
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
                schema = Arc::new(random_schema(random));
                engine.set_schema(revision + 1, Arc::clone(&schema)).expect("revisions come in order");
            }
            _ => {}
        }
    }
}

fn compare(engine: &Engine, schema: &Schema, stored: &RelationshipSet, random: &mut Random, count: &mut Count) {
    let (snapshot, budget) = (engine.snapshot(), Budget::default());
    for _ in 0..3 {
        let member = random.one_in(2).then(|| *pick(&MEMBERS, random));
        let object = object(pick::<&str>(&TYPES, random), pick::<&str>(&IDS, random));
        let subject = SubjectRef::new(object, member).expect("short names");
        let resources: Vec<ObjectRef> =
            TYPES.iter().flat_map(|object_type| IDS.map(|id| self::object(object_type, id))).collect();
        let asked: Vec<CheckRequest<'_>> = resources
            .iter()
            .flat_map(|resource| {
                MEMBERS.iter().map(|permission| CheckRequest { resource, permission, subject: &subject })
            })
            .collect();
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

fn object(object_type: &str, id: &str) -> ObjectRef {
    ObjectRef::new(object_type, id).expect("short names")
}

fn pick<'a, T>(all: &'a [T], random: &mut Random) -> &'a T {
    &all[random.below(all.len() as u64) as usize]
}

/// Types that all have the same members; what may be stored and what follows from it is random.
fn random_schema(random: &mut Random) -> Schema {
    loop {
        let mut text = "use self\n".to_owned();
        // In half of them nothing is excluded, so that recursion through the other operators is walked more.
        let symbols: &[&str] = if random.one_in(2) { &["+", "&", "-"] } else { &["+", "+", "&"] };
        for object_type in TYPES {
            text += &format!("definition {object_type} {{\n");
            text += &format!("relation direct: {}\n", kinds(random, true));
            text += &format!("relation nested: {}\n", kinds(random, false));
            for (position, name) in MEMBERS[2..].iter().enumerate() {
                text += &format!("permission {name} = {}\n", expression(random, position, symbols, 2));
            }
            text += "}\n";
        }
        if let Ok(schema) = Schema::parse(&text) {
            return schema;
        }
    }
}

fn kinds(random: &mut Random, with_wildcards: bool) -> String {
    let mut kinds = Vec::new();
    for _ in 0..=random.below(4) {
        let object_type = pick(&TYPES, random);
        kinds.push(match random.below(5) {
            0 | 1 => (*object_type).to_owned(),
            2 if with_wildcards => format!("{object_type}:*"),
            2 | 3 => format!("{object_type}#nested"),
            _ => format!("{object_type}#{}", pick(&MEMBERS[1..], random)),
        });
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(" | ")
}

fn expression(random: &mut Random, position: usize, symbols: &[&str], depth: usize) -> String {
    if depth == 0 || random.one_in(3) {
        let target = *pick(&MEMBERS, random);
        return match random.below(12) {
            0 => "nil".to_owned(),
            1 => "self".to_owned(),
            2..=5 => format!("nested->{target}"),
            6 => format!("nested.any({target})"),
            7 | 8 => format!("nested.all({target})"),
            _ => (*pick(&MEMBERS[..2 + position], random)).to_owned(),
        };
    }
    let symbol = pick(symbols, random);
    let operands: Vec<String> =
        (0..2 + random.below(2)).map(|_| expression(random, position, symbols, depth - 1)).collect();
    format!("({})", operands.join(&format!(" {symbol} ")))
}

/// Every relationship between the few objects that the schema admits.
fn possible(schema: &Schema) -> Vec<Relationship> {
    let mut all = Vec::new();
    for definition in schema.definitions() {
        for (relation, id) in definition.relations().flat_map(|relation| IDS.map(|id| (relation, id))) {
            for kind in relation.subject_types() {
                let (ids, member) = match &kind.kind {
                    SubjectKind::Object => (&IDS[..], None),
                    SubjectKind::Userset(member) => (&IDS[..], Some(member.as_str())),
                    SubjectKind::Wildcard => (&["*"][..], None),
                };
                all.extend(ids.iter().map(|subject_id| {
                    let subject = SubjectRef::new(object(&kind.object_type, subject_id), member).expect("short names");
                    Relationship::new(object(definition.name(), id), relation.name(), subject).expect("short names")
                }));
            }
        }
    }
    all
}
