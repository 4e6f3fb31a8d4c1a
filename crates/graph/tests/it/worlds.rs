//! Small random schemas and relationships.
//!
//! The relations are fixed so that every kind of subject type occurs; the permissions are random. Each type has the
//! permissions `one`, `two` and `three`, each computed from the relations and the permissions before it, and through
//! arrows from any permission of any object, so that recursion over data abounds.

use graph::{ObjectRef, Relationship, RelationshipSet, Schema, SubjectKind, SubjectRef};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::schema;

/// Objects of each type.
const IDS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) schema: Schema,
    pub(crate) relationships: RelationshipSet,
}

/// Which operators an expression may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operators {
    Every,
    /// Only those with which more relationships never mean less: neither exclusion nor `.all`.
    Growing,
}

struct Kind {
    name: &'static str,
    relations: &'static [(&'static str, &'static str)],
    /// Relations an arrow may begin at, with relations that may stand on its right.
    walks: &'static [(&'static str, &'static str)],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "user",
        relations: &[("manager", "user | group#member")],
        walks: &[("manager", "manager"), ("manager", "member")],
    },
    Kind {
        name: "group",
        relations: &[
            ("member", "user | group#member | group#one"),
            ("guest", "user | user:*"),
            ("owner", "user | user#two | group"),
        ],
        walks: &[("owner", "manager"), ("owner", "member"), ("member", "owner")],
    },
    Kind {
        name: "folder",
        relations: &[
            ("parent", "folder | group | group#member"),
            ("viewer", "user | group#member | group#three | folder#two"),
            ("visitor", "user:* | group"),
        ],
        walks: &[("parent", "viewer"), ("parent", "guest"), ("viewer", "member"), ("parent", "parent")],
    },
];

/// A schema with random permissions, and `more` added to the type `folder`.
fn schema_text(expressions: &[String], more: &str) -> String {
    let mut text = "use self\n".to_owned();
    for (kind, expressions) in KINDS.iter().zip(expressions.chunks(3)) {
        text += &format!("definition {} {{\n", kind.name);
        for (name, types) in kind.relations {
            text += &format!("relation {name}: {types}\n");
        }
        for (name, expression) in ["one", "two", "three"].iter().zip(expressions) {
            text += &format!("permission {name} = {expression}\n");
        }
        text += if kind.name == "folder" { more } else { "" };
        text += "}\n";
    }
    text
}

/// An expression for the permission number `position` of a kind; from 3 on, for one after them all.
fn expression(kind: &'static Kind, position: usize, operators: Operators) -> BoxedStrategy<String> {
    let mut leaves: Vec<String> = kind.relations.iter().map(|(name, _)| (*name).to_owned()).collect();
    leaves.extend(["one", "two", "three"].iter().take(position).map(|name| (*name).to_owned()));
    leaves.push("self".to_owned());
    leaves.push("nil".to_owned());
    for (relation, target) in kind.walks {
        for target in [target, "one", "two", "three"] {
            leaves.push(format!("{relation}->{target}"));
            leaves.push(format!("{relation}.any({target})"));
            if operators == Operators::Every {
                leaves.push(format!("{relation}.all({target})"));
            }
        }
    }
    let symbols: &[&str] = match operators {
        Operators::Every => &["+", "&", "-"],
        Operators::Growing => &["+", "&"],
    };
    let leaf = proptest::sample::select(leaves);
    leaf.prop_recursive(3, 8, 3, move |inner| {
        (vec(inner, 2..4), proptest::sample::select(symbols), any::<bool>()).prop_map(|(operands, symbol, wrapped)| {
            let joined = operands.join(&format!(" {symbol} "));
            if wrapped { format!("({joined})") } else { joined }
        })
    })
    .boxed()
}

/// An expression that the type `folder` can hold beside its three permissions.
pub(crate) fn folder_expression(operators: Operators) -> BoxedStrategy<String> {
    expression(&KINDS[2], 3, operators)
}

fn expressions(operators: Operators) -> impl Strategy<Value = Vec<String>> {
    let all: Vec<BoxedStrategy<String>> =
        KINDS.iter().flat_map(|kind| (0..3).map(move |position| expression(kind, position, operators))).collect();
    all
}

/// Texts of random schemas.
pub(crate) fn schema_texts() -> impl Strategy<Value = String> {
    expressions(Operators::Every).prop_map(|expressions| schema_text(&expressions, ""))
}

/// Random worlds.
pub(crate) fn worlds(operators: Operators) -> impl Strategy<Value = World> {
    worlds_with(Just(String::new()), operators)
}

/// Random worlds with random statements added to the type `folder`.
pub(crate) fn worlds_with(more: impl Strategy<Value = String>, operators: Operators) -> impl Strategy<Value = World> {
    (expressions(operators), more, vec(any::<Index>(), 0..25)).prop_map(|(expressions, more, picks)| {
        let schema = schema(&schema_text(&expressions, &more));
        let possible = possible_relationships(&schema);
        let relationships = picks.iter().map(|pick| pick.get(&possible).clone()).collect();
        World { schema, relationships }
    })
}

fn object(object_type: &str, id: &str) -> ObjectRef {
    ObjectRef::new(object_type, id).expect("a type from a schema and a short id")
}

/// Every relationship between the few objects that the schema admits.
pub(crate) fn possible_relationships(schema: &Schema) -> Vec<Relationship> {
    let mut all = Vec::new();
    for definition in schema.definitions() {
        for (relation, id) in definition.relations().flat_map(|relation| IDS.map(|id| (relation, id))) {
            for subject_type in relation.subject_types() {
                let (ids, member) = match &subject_type.kind {
                    SubjectKind::Object => (&IDS[..], None),
                    SubjectKind::Userset(member) => (&IDS[..], Some(member.as_str())),
                    SubjectKind::Wildcard => (&["*"][..], None),
                };
                all.extend(ids.iter().map(|subject_id| {
                    let subject_object = object(&subject_type.object_type, subject_id);
                    let subject = SubjectRef::new(subject_object, member).expect("from a schema");
                    let resource = object(definition.name(), id);
                    Relationship::new(resource, relation.name(), subject).expect("from a schema")
                }));
            }
        }
    }
    all
}

/// Every object with every relation and permission.
pub(crate) fn nodes(schema: &Schema) -> Vec<(ObjectRef, String)> {
    let definitions = schema.definitions().iter();
    definitions
        .flat_map(|definition| IDS.map(|id| (definition, object(definition.name(), id))))
        .flat_map(|(definition, object)| {
            definition.members().iter().map(move |member| (object.clone(), member.name().to_owned()))
        })
        .collect()
}

/// Every subject that can be asked about: objects, and usersets over relations and permissions.
pub(crate) fn subjects(schema: &Schema) -> Vec<SubjectRef> {
    let usersets = nodes(schema)
        .into_iter()
        .map(|(object, member)| SubjectRef::new(object, Some(&member)).expect("from a schema"));
    let objects = schema.definitions().iter().flat_map(|definition| IDS.map(|id| (definition.name(), id)));
    objects.map(|(object_type, id)| SubjectRef::object_itself(object(object_type, id))).chain(usersets).collect()
}

/// A few cases of everything, without a file of past failures: the crate's folder is for its authors.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}
