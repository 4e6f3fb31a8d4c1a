//! The engine seen from outside: one binary, one module a subject.

mod admission;
mod agreement;
mod brute_force;
mod check;
mod engine;
mod engine_hostile;
mod file;
mod file_form;
mod file_frame;
mod file_garbage;
mod garbage;
mod laws;
mod relationship;
mod relationships;
mod scenarios;
mod schema_accepts;
mod schema_refuses;
mod schema_text;
mod worlds;

use graph::{Answer, Budget, CheckError, CheckRequest, Relationship, RelationshipSet, Schema, check};

/// A schema that is known to be right.
fn schema(text: &str) -> Schema {
    Schema::parse(text).unwrap_or_else(|errors| panic!("{errors}\nin\n{text}"))
}

fn relationship(text: &str) -> Relationship {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn relationships(texts: &[&str]) -> RelationshipSet {
    texts.iter().map(|text| relationship(text)).collect()
}

/// Asks a question written like a relationship.
fn ask(schema: &Schema, relationships: &RelationshipSet, question: &str) -> Result<Answer, CheckError> {
    ask_within(schema, relationships, question, &Budget::default())
}

fn ask_within(
    schema: &Schema,
    relationships: &RelationshipSet,
    question: &str,
    budget: &Budget,
) -> Result<Answer, CheckError> {
    let question = relationship(question);
    let request =
        CheckRequest { resource: question.resource(), permission: question.relation(), subject: question.subject() };
    check(schema, relationships, &request, budget)
}
