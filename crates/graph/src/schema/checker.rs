//! Whether everything a schema names exists and fits together.

mod expressions;
mod relations;

use super::annotations;
use super::errors::ErrorList;
use super::syntax::{BodySyntax, DefinitionSyntax, File, Name};
use super::{Definition, Schema};
use crate::names::nearest;

/// Reports every name in `file` that does not fit; `schema` is the same file with its indexes.
pub(super) fn check(schema: &Schema, file: &File, errors: &mut ErrorList) {
    expressions::check_arrow_steps(schema, file, errors);
    for (index, definition) in file.definitions.iter().enumerate() {
        if errors.is_full() {
            return;
        }
        if schema.by_name[&definition.name.text] != index {
            let message = format!("`{}` is defined twice", definition.name.text);
            errors.report(definition.name.offset, message, "remove or rename one of the two");
            continue;
        }
        check_definition(schema, definition, errors);
    }
    // These two follow references, which must be known to lead somewhere.
    if errors.is_empty() {
        expressions::check_cycles(schema, file, errors);
        annotations::check(schema, file, errors);
    }
}

fn check_definition(schema: &Schema, syntax: &DefinitionSyntax, errors: &mut ErrorList) {
    let definition = &schema.definitions[schema.by_name[&syntax.name.text]];
    for (index, member) in syntax.members.iter().enumerate() {
        if errors.is_full() {
            return;
        }
        let name = &member.name;
        if definition.by_name[&name.text] != index {
            let message = format!("`{}` already has a relation or permission `{}`", definition.name, name.text);
            errors.report(name.offset, message, "remove or rename one of the two");
        }
        match &member.body {
            BodySyntax::Relation { subject_types } => relations::check(schema, subject_types, errors),
            BodySyntax::Permission { annotation, expression } => {
                expressions::check(schema, definition, expression, errors);
                annotation.iter().flatten().for_each(|name| check_type(schema, name, errors));
            }
        }
    }
}

/// Reports a type that is not defined.
fn check_type(schema: &Schema, name: &Name, errors: &mut ErrorList) {
    if schema.by_name.contains_key(&name.text) || errors.is_full() {
        return;
    }
    let hint = match nearest(&name.text, schema.by_name.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("add `definition {} {{}}`", name.text),
    };
    errors.report(name.offset, format!("unknown type `{}`", name.text), hint);
}

/// Reports a relation or permission that `definition` does not have.
fn check_member(definition: &Definition, name: &Name, errors: &mut ErrorList) {
    if definition.by_name.contains_key(&name.text) || errors.is_full() {
        return;
    }
    let message = format!("`{}` has no relation or permission `{}`", definition.name, name.text);
    errors.report(name.offset, message, member_hint(definition, &name.text));
}

/// The member that was probably meant, or those there are.
fn member_hint(definition: &Definition, wrong: &str) -> String {
    match nearest(wrong, definition.by_name.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("add it to `definition {}`", definition.name),
    }
}
