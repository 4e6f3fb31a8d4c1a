//! The references in a permission, and permissions that lead back to themselves.

use super::super::errors::ErrorList;
use super::super::limits::ARROW_STEPS_MAX;
use super::super::syntax::{DefinitionSyntax, ExpressionSyntax, File, Name};
use super::super::{Definition, Expression, Member, Relation, Schema};
use super::{check_member, member_hint};
use crate::components::components;

/// Reports references that lead nowhere. The expression's depth is bounded by the parser.
pub(super) fn check(schema: &Schema, definition: &Definition, expression: &ExpressionSyntax, errors: &mut ErrorList) {
    match expression {
        ExpressionSyntax::Nil | ExpressionSyntax::Own => {}
        ExpressionSyntax::Member(name) => check_member(definition, name, errors),
        ExpressionSyntax::Arrow { relation, target, .. } => check_arrow(schema, definition, relation, target, errors),
        ExpressionSyntax::Union(all) | ExpressionSyntax::Intersection(all) | ExpressionSyntax::Exclusion(all) => {
            all.iter().for_each(|operand| check(schema, definition, operand, errors));
        }
    }
}

fn check_arrow(schema: &Schema, definition: &Definition, left: &Name, target: &Name, errors: &mut ErrorList) {
    match definition.member(&left.text) {
        None => check_member(definition, left, errors),
        Some(Member::Permission(_)) => {
            let message = format!("`{}` is a permission; an arrow begins at a relation", left.text);
            errors.report(left.offset, message, "name the relation that leads to the other objects");
        }
        Some(Member::Relation(relation)) => check_walk(schema, relation, left, target, errors),
    }
}

fn check_walk(schema: &Schema, relation: &Relation, left: &Name, target: &Name, errors: &mut ErrorList) {
    if let Some(wildcard) = relation.wildcard() {
        let message = format!("`{}` allows the wildcard `{wildcard}`, which an arrow cannot walk", left.text);
        errors.report(left.offset, message, "use a relation without a wildcard");
    }
    // A type that is not defined has its own error.
    let mut types = relation.subject_types().iter().filter_map(|one| schema.definition(&one.object_type)).peekable();
    let Some(first) = types.peek().copied() else { return };
    if errors.is_full() || types.any(|definition| definition.member(&target.text).is_some()) {
        return;
    }
    let message = format!("no type that `{}` allows has a relation or permission `{}`", left.text, target.text);
    errors.report(target.offset, message, member_hint(first, &target.text));
}

/// Reports arrows that together lead over more subject types than checking them one by one could bear.
pub(super) fn check_arrow_steps(schema: &Schema, file: &File, errors: &mut ErrorList) {
    let mut steps = 0;
    for (definition, syntax) in schema.definitions.iter().zip(&file.definitions) {
        for (member, syntax) in definition.members.iter().zip(&syntax.members) {
            let Member::Permission(permission) = member else { continue };
            permission.expression.walk(&mut |expression| {
                if let Expression::Arrow { relation, .. } = expression {
                    steps += definition.relation(relation).map_or(0, |relation| relation.subject_types.len());
                }
            });
            if steps > ARROW_STEPS_MAX {
                let message = format!("the arrows up to here lead over more than {ARROW_STEPS_MAX} subject types");
                errors.report(syntax.name.offset, message, "use fewer arrows, or relations with fewer types");
                errors.close();
                return;
            }
        }
    }
}

/// Reports permissions that are computed from themselves on the same object: such a cycle can never add anything.
/// Through an arrow or a userset the object changes, so recursion there is fine.
pub(super) fn check_cycles(schema: &Schema, file: &File, errors: &mut ErrorList) {
    for (definition, syntax) in schema.definitions.iter().zip(&file.definitions) {
        check_cycles_in(definition, syntax, errors);
    }
}

fn check_cycles_in(definition: &Definition, syntax: &DefinitionSyntax, errors: &mut ErrorList) {
    let successors: Vec<Vec<usize>> = definition.members.iter().map(|member| references(definition, member)).collect();
    for mut component in components(&successors) {
        component.sort_unstable();
        let first = component[0];
        if component.len() == 1 && !successors[first].contains(&first) {
            continue;
        }
        let names: Vec<String> =
            component.iter().take(10).map(|i| format!("`{}`", definition.members[*i].name())).collect();
        let message = format!("permissions that are computed from themselves: {}", names.join(", "));
        let hint = "remove the reference that closes the circle; only an arrow or a userset may lead back";
        errors.report(syntax.members[first].name.offset, message, hint);
    }
}

fn references(definition: &Definition, member: &Member) -> Vec<usize> {
    let mut found = Vec::new();
    if let Member::Permission(permission) = member {
        permission.expression.walk(&mut |expression| {
            if let Expression::Member(name) = expression {
                found.push(definition.by_name[name]);
            }
        });
    }
    found
}
