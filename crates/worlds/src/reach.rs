//! How far a question leads: along how many references, or round a circle.

use std::collections::BTreeMap;

use graph::{Expression, Member, ObjectRef, RelationshipSet, Schema};

/// How many references a question about an object's relation or permission follows at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// So many.
    Steps(usize),
    /// It may come back to where it was.
    Circle,
}

type Node = (ObjectRef, String);

impl Reach {
    /// What a question about this relation or permission of this object follows, whoever it is about.
    pub fn of(schema: &Schema, relationships: &RelationshipSet, object: &ObjectRef, member: &str) -> Self {
        let mut known = BTreeMap::new();
        reach(schema, relationships, &(object.clone(), member.to_owned()), &mut known)
    }
}

/// Recursion is as deep as the worlds are large: a few hundred.
fn reach(
    schema: &Schema,
    relationships: &RelationshipSet,
    node: &Node,
    known: &mut BTreeMap<Node, Option<Reach>>,
) -> Reach {
    match known.get(node) {
        Some(Some(reach)) => return *reach,
        // It is being looked at: this is the way back.
        Some(None) => return Reach::Circle,
        None => {}
    }
    known.insert(node.clone(), None);
    let mut found = Reach::Steps(0);
    for next in successors(schema, relationships, node) {
        found = found.max(match reach(schema, relationships, &next, known) {
            Reach::Steps(steps) => Reach::Steps(steps + 1),
            Reach::Circle => Reach::Circle,
        });
    }
    known.insert(node.clone(), Some(found));
    found
}

fn successors(schema: &Schema, relationships: &RelationshipSet, (object, member): &Node) -> Vec<Node> {
    let mut next = Vec::new();
    match schema.member(object.object_type(), member) {
        None => {}
        Some(Member::Relation(relation)) => {
            for subject in relationships.subjects(object, relation.name()) {
                next.extend(subject.relation().map(|member| (subject.object().clone(), member.to_owned())));
            }
        }
        Some(Member::Permission(permission)) => permission.expression().walk(&mut |expression| match expression {
            Expression::Member(name) => next.push((object.clone(), name.clone())),
            Expression::Arrow { relation, target, .. } => {
                let subjects = relationships.subjects(object, relation);
                next.extend(subjects.map(|subject| (subject.object().clone(), target.clone())));
            }
            Expression::Nil
            | Expression::Own
            | Expression::Union(_)
            | Expression::Intersection(_)
            | Expression::Exclusion(_) => {}
        }),
    }
    next
}
