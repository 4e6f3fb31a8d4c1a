//! From syntax to schema: the places go, the indexes come.

use std::collections::HashMap;

use super::syntax::{
    BodySyntax, DefinitionSyntax, ExpressionSyntax, File, MemberSyntax, SubjectKindSyntax, SubjectTypeSyntax,
};
use super::{Definition, Expression, Member, Permission, Relation, Schema, SubjectKind, SubjectType};

/// The schema as written, with each definition and member at the index it has in `file`. Of two that share a name the
/// index keeps the first.
pub(super) fn schema(file: &File) -> Schema {
    Schema {
        features: file.uses.iter().map(|one| (one.feature, one.comments.clone())).collect(),
        definitions: file.definitions.iter().map(definition).collect(),
        by_name: index(file.definitions.iter().map(|definition| &definition.name.text)),
        closing_comments: file.closing_comments.clone(),
    }
}

fn index<'n>(names: impl Iterator<Item = &'n String>) -> HashMap<String, usize> {
    let mut by_name = HashMap::new();
    for (position, name) in names.enumerate() {
        by_name.entry(name.clone()).or_insert(position);
    }
    by_name
}

fn definition(syntax: &DefinitionSyntax) -> Definition {
    Definition {
        name: syntax.name.text.clone(),
        comments: syntax.comments.clone(),
        members: syntax.members.iter().map(member).collect(),
        by_name: index(syntax.members.iter().map(|member| &member.name.text)),
        closing_comments: syntax.closing_comments.clone(),
    }
}

fn member(syntax: &MemberSyntax) -> Member {
    let (name, comments) = (syntax.name.text.clone(), syntax.comments.clone());
    match &syntax.body {
        BodySyntax::Relation { subject_types } => {
            let subject_types = subject_types.iter().map(subject_type).collect();
            Member::Relation(Relation { name, comments, subject_types })
        }
        BodySyntax::Permission { annotation, expression: written } => {
            let annotation = annotation.as_ref().map(|types| types.iter().map(|name| name.text.clone()).collect());
            Member::Permission(Permission { name, comments, annotation, expression: expression(written) })
        }
    }
}

pub(super) fn subject_type(syntax: &SubjectTypeSyntax) -> SubjectType {
    let kind = match &syntax.kind {
        SubjectKindSyntax::Object => SubjectKind::Object,
        SubjectKindSyntax::Userset(relation) => SubjectKind::Userset(relation.text.clone()),
        SubjectKindSyntax::Wildcard => SubjectKind::Wildcard,
    };
    SubjectType { object_type: syntax.object_type.text.clone(), kind }
}

fn expression(syntax: &ExpressionSyntax) -> Expression {
    let all = |operands: &[ExpressionSyntax]| operands.iter().map(expression).collect();
    match syntax {
        ExpressionSyntax::Nil => Expression::Nil,
        ExpressionSyntax::Own => Expression::Own,
        ExpressionSyntax::Member(name) => Expression::Member(name.text.clone()),
        ExpressionSyntax::Arrow { relation, kind, target } => {
            Expression::Arrow { relation: relation.text.clone(), kind: *kind, target: target.text.clone() }
        }
        ExpressionSyntax::Union(operands) => Expression::Union(all(operands)),
        ExpressionSyntax::Intersection(operands) => Expression::Intersection(all(operands)),
        ExpressionSyntax::Exclusion(operands) => Expression::Exclusion(all(operands)),
    }
}
