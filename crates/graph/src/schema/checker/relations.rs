//! The subject types of a relation.

use std::collections::HashSet;

use super::super::errors::ErrorList;
use super::super::lowering;
use super::super::syntax::{SubjectKindSyntax, SubjectTypeSyntax};
use super::super::{Definition, Schema};
use super::{check_member, check_type};
use crate::schema::syntax::Name;

pub(super) fn check(schema: &Schema, subject_types: &[SubjectTypeSyntax], errors: &mut ErrorList) {
    let mut seen = HashSet::new();
    for syntax in subject_types {
        let subject_type = lowering::subject_type(syntax);
        check_type(schema, &syntax.object_type, errors);
        match (&syntax.kind, schema.definition(&syntax.object_type.text)) {
            (SubjectKindSyntax::Userset(relation), Some(definition)) => check_userset(definition, relation, errors),
            (SubjectKindSyntax::Userset(_) | SubjectKindSyntax::Object | SubjectKindSyntax::Wildcard, _) => {}
        }
        let written = subject_type.to_string();
        if !seen.insert(subject_type) {
            let message = format!("`{written}` is listed twice");
            errors.report(syntax.object_type.offset, message, "remove one of the two");
        }
    }
}

/// A userset must exist, and must not itself stand for everyone: a wildcard says "any user" of the object it is stored on,
/// and would travel unseen to every object that refers to it.
fn check_userset(definition: &Definition, relation: &Name, errors: &mut ErrorList) {
    check_member(definition, relation, errors);
    if let Some(wildcard) = definition.relation(&relation.text).and_then(|relation| relation.wildcard()) {
        let message = format!("`{}#{}` allows the wildcard `{wildcard}`", definition.name(), relation.text);
        let hint = "a wildcard cannot be passed on: allow it here directly, or refer to a relation without one";
        errors.report(relation.offset, message, hint);
    }
}
