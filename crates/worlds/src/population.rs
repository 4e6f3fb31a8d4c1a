//! Everything that can be stored and asked about a few objects of each type.

use graph::{ObjectRef, Relationship, Schema, SubjectKind, SubjectRef};

/// So many ids of objects: `a`, `b`, …; at most 26.
pub fn ids(count: usize) -> Vec<String> {
    ('a'..='z').take(count).map(String::from).collect()
}

/// Every relationship between objects with these ids that the schema admits.
pub fn possible_relationships(schema: &Schema, ids: &[String]) -> Vec<Relationship> {
    let everyone = ["*".to_owned()];
    let mut all = Vec::new();
    for definition in schema.definitions() {
        for (relation, id) in definition.relations().flat_map(|relation| ids.iter().map(move |id| (relation, id))) {
            for subject_type in relation.subject_types() {
                let (ids, member) = match &subject_type.kind {
                    SubjectKind::Object => (ids, None),
                    SubjectKind::Userset(member) => (ids, Some(member.as_str())),
                    SubjectKind::Wildcard => (&everyone[..], None),
                };
                all.extend(ids.iter().map(|subject_id| {
                    let subject = subject(object(&subject_type.object_type, subject_id), member);
                    Relationship::new(object(definition.name(), id), relation.name(), subject).expect("from a schema")
                }));
            }
        }
    }
    all
}

/// Every object with these ids, with every relation and permission.
pub fn nodes(schema: &Schema, ids: &[String]) -> Vec<(ObjectRef, String)> {
    objects(schema, ids)
        .flat_map(|object| {
            let definition = schema.definition(object.object_type()).expect("an object of the schema");
            definition.members().iter().map(move |member| (object.clone(), member.name().to_owned()))
        })
        .collect()
}

/// Every subject that can be asked about: objects with these ids, and usersets over relations and permissions.
pub fn subjects(schema: &Schema, ids: &[String]) -> Vec<SubjectRef> {
    let usersets = nodes(schema, ids).into_iter().map(|(object, member)| subject(object, Some(&member)));
    objects(schema, ids).map(SubjectRef::object_itself).chain(usersets).collect()
}

fn objects<'a>(schema: &'a Schema, ids: &'a [String]) -> impl Iterator<Item = ObjectRef> + 'a {
    let definitions = schema.definitions().iter();
    definitions.flat_map(move |definition| ids.iter().map(|id| object(definition.name(), id)))
}

fn object(object_type: &str, id: &str) -> ObjectRef {
    ObjectRef::new(object_type, id).expect("a type from a schema and a short id")
}

fn subject(object: ObjectRef, member: Option<&str>) -> SubjectRef {
    SubjectRef::new(object, member).expect("a member from a schema")
}
