//! The schema that each gives back.

use std::collections::BTreeMap;

use contract::authzed::api::v1::ReadSchemaRequest;
use graph::{Definition, Expression, Member, Schema};
use tonic::Code;

use super::finding;
use crate::answers::Refusal;
use crate::pair::Pair;
use crate::report::Report;

/// Compares what both say, not how they lay it out.
pub(super) async fn compare(pair: &mut Pair, report: &mut Report) {
    let theirs = pair.spicedb.read_schema().map(|answer| answer.schema_text);
    let ours = pair.our_schemas().read_schema(ReadSchemaRequest {}).await.map_err(Refusal::from);
    let ours = ours.map(|answer| answer.into_inner().schema_text);
    let same = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => meaning(ours).is_some_and(|meaning| Some(meaning) == self::meaning(theirs)),
        // Of a schema without any definition SpiceDB says that there is none.
        (Ok(ours), Err(refusal)) => {
            meaning(ours).is_some_and(|meaning| meaning.is_empty()) && refusal.code == Code::NotFound
        }
        (Err(_), _) => false,
    };
    report.count("ReadSchema", same, None, || finding("ReadSchema", "", &format!("{ours:?}"), &format!("{theirs:?}")));
}

/// What a schema says, whatever the order of its definitions and the parentheses in its expressions.
fn meaning(text: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let schema = Schema::parse(text).ok()?;
    let members = |definition: &Definition| definition.members().iter().map(statement).collect();
    Some(schema.definitions().iter().map(|definition| (definition.name().to_owned(), members(definition))).collect())
}

fn statement(member: &Member) -> String {
    match member {
        Member::Relation(_) => member.to_string(),
        Member::Permission(permission) => {
            format!("permission {} = {}", permission.name(), flat(permission.expression()))
        }
    }
}

/// An expression without the parentheses that change nothing.
fn flat(expression: &Expression) -> Expression {
    match expression {
        Expression::Nil | Expression::Own | Expression::Member(_) | Expression::Arrow { .. } => expression.clone(),
        Expression::Union(operands) => Expression::Union(opened(operands, operands.len(), |one| {
            if let Expression::Union(inner) = one { Some(inner) } else { None }
        })),
        Expression::Intersection(operands) => Expression::Intersection(opened(operands, operands.len(), |one| {
            if let Expression::Intersection(inner) = one { Some(inner) } else { None }
        })),
        // Only the first is what the others are taken from.
        Expression::Exclusion(operands) => Expression::Exclusion(opened(operands, 1, |one| {
            if let Expression::Exclusion(inner) = one { Some(inner) } else { None }
        })),
    }
}

/// The operands, the first so many of them opened if they are of the same kind.
fn opened(
    operands: &[Expression],
    first: usize,
    same_kind: fn(&Expression) -> Option<&Vec<Expression>>,
) -> Vec<Expression> {
    let flat = operands.iter().map(flat).enumerate();
    flat.flat_map(|(index, one)| match same_kind(&one).filter(|_| index < first) {
        Some(inner) => inner.clone(),
        None => vec![one],
    })
    .collect()
}
