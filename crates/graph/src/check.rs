//! Whether a subject has a permission on a resource: the plain evaluator, made to be obviously right.
//!
//! For one subject, every pair of an object and a relation or permission is a yes or a no, given by a formula over other
//! such pairs. [`discovery`] writes down the formulas of all pairs the question can depend on, [`solution`] finds the
//! least set of yeses that satisfies them. So a cycle of groups is answered, not an error: membership that rests only on
//! itself is a no. Only a pair that depends on its own absence has no answer.

mod discovery;
mod errors;
mod formula;
mod solution;

pub use errors::{CheckError, CheckSide, Limit};

use crate::names::nearest;
use crate::relationship::{ObjectRef, SubjectRef};
use crate::relationships::RelationshipSet;
use crate::schema::{Member, Schema};

/// A question: does the subject have the permission on the resource?
#[derive(Clone, Copy, Debug)]
pub struct CheckRequest<'a> {
    /// The object asked about; it need not occur in any relationship.
    pub resource: &'a ObjectRef,
    /// A permission or a relation of the resource's type.
    pub permission: &'a str,
    /// An object or a userset.
    pub subject: &'a SubjectRef,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The subject has the permission.
    Has,
    /// The subject does not have the permission.
    No,
}

impl Answer {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Answer::Has } else { Answer::No }
    }
}

/// How much of the graph one check may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Pairs of an object and a relation or permission.
    pub nodes_max: usize,
    /// Relationships read and references followed.
    pub edges_max: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes_max: 100_000, edges_max: 1_000_000 }
    }
}

/// Answers one question against relationships that the schema admits.
///
/// - A userset has its own relation: `group:eng#member` is a member of `group:eng`.
/// - `user:*` stands for every object of the type `user`, never for a userset.
/// - `a->b` and `a.any(b)` pass over objects whose type has no `b`; in `a.all(b)` such an object counts as not having it.
/// - An object that occurs nowhere is a no. A userset stored with a relation that the schema lacks counts as empty.
///
/// The answer depends on all that the question can reach, whatever the order: a cycle through a negation is an error even
/// where another branch would grant.
///
/// # Errors
///
/// [`CheckError`]: a name that the schema lacks, a wildcard asked about, a budget that ran out, or a cycle through a
/// negation.
pub fn check(
    schema: &Schema,
    relationships: &RelationshipSet,
    request: &CheckRequest<'_>,
    budget: &Budget,
) -> Result<Answer, CheckError> {
    validate(schema, request)?;
    let system = discovery::discover(schema, relationships, request, budget)?;
    let holds = solution::solve(&system)?;
    Ok(Answer::of(holds[discovery::ROOT]))
}

fn validate(schema: &Schema, request: &CheckRequest<'_>) -> Result<(), CheckError> {
    if request.resource.is_wildcard() {
        return Err(CheckError::InvalidResource);
    }
    if request.subject.is_wildcard() {
        return Err(CheckError::InvalidSubject);
    }
    exists(schema, CheckSide::Resource, request.resource, Some(request.permission))?;
    exists(schema, CheckSide::Subject, request.subject.object(), request.subject.relation())
}

fn exists(schema: &Schema, side: CheckSide, object: &ObjectRef, member: Option<&str>) -> Result<(), CheckError> {
    let hint = |wrong: &str, known: Vec<&str>| {
        nearest(wrong, known.into_iter()).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
    };
    let object_type = object.object_type();
    let Some(definition) = schema.definition(object_type) else {
        let known = schema.definitions().iter().map(|definition| definition.name()).collect();
        return Err(CheckError::UnknownType {
            side,
            object_type: object_type.to_owned(),
            hint: hint(object_type, known),
        });
    };
    match member {
        Some(name) if definition.member(name).is_none() => Err(CheckError::UnknownMember {
            side,
            object_type: object_type.to_owned(),
            name: name.to_owned(),
            hint: hint(name, definition.members().iter().map(Member::name).collect()),
        }),
        Some(_) | None => Ok(()),
    }
}
