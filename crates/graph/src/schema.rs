//! The schema: which types there are, how they may relate, and what follows from that.

mod access;
mod admission;
mod annotations;
mod checker;
mod errors;
mod expression;
mod lexer;
pub mod limits;
mod lowering;
mod parser;
mod print;
mod syntax;

use std::collections::HashMap;

pub use admission::{AdmissionError, Orphan};
pub use errors::{SchemaError, SchemaErrors};
pub use expression::{ArrowKind, Expression};

use errors::ErrorList;
use limits::{PRINTED_BYTES_MAX, TEXT_BYTES_MAX};

/// A schema that has been read and checked.
///
/// Every name in it is known to exist, so whatever walks it needs no error for a missing one. Two schemas are equal when
/// they say the same in the same order with the same comments, whatever their text's layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    features: Vec<(Feature, Vec<String>)>,
    definitions: Vec<Definition>,
    by_name: HashMap<String, usize>,
    closing_comments: Vec<String>,
}

/// A part of the language that a schema switches on with `use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `use self`: the word `self` in an expression.
    SelfKeyword,
    /// `use typechecking`: types on permissions.
    Typechecking,
}

/// A type of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    name: String,
    comments: Vec<String>,
    members: Vec<Member>,
    by_name: HashMap<String, usize>,
    closing_comments: Vec<String>,
}

/// A relation or a permission of a type; the two share one space of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// Stored.
    Relation(Relation),
    /// Computed.
    Permission(Permission),
}

/// What may be stored between an object and its subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    name: String,
    comments: Vec<String>,
    subject_types: Vec<SubjectType>,
}

/// What follows from the relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    name: String,
    comments: Vec<String>,
    annotation: Option<Vec<String>>,
    expression: Expression,
}

/// One kind of subject that a relation allows: `user`, `group#member` or `user:*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectType {
    /// The type of the subject's object.
    pub object_type: String,
    /// Which subjects of that type.
    pub kind: SubjectKind,
}

/// Which subjects of a type are meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// One object: `user`.
    Object,
    /// Everyone who has a relation or permission on an object: `group#member`.
    Userset(String),
    /// Every object of the type at once: `user:*`.
    Wildcard,
}

impl Schema {
    /// Reads and checks a schema's text of at most [`limits::TEXT_BYTES_MAX`] bytes. The empty text is the empty schema.
    ///
    /// # Errors
    ///
    /// Up to [`limits::ERRORS_MAX`] faults, each with its place and what to do. Names and types are looked at only once
    /// the grammar holds.
    pub fn parse(text: &str) -> Result<Self, SchemaErrors> {
        Self::parse_within(TEXT_BYTES_MAX, text)
    }

    /// Reads what [`Self::to_text`] wrote, whose layout may have taken a text near its limit over it.
    pub(crate) fn parse_printed(text: &str) -> Result<Self, SchemaErrors> {
        Self::parse_within(PRINTED_BYTES_MAX, text)
    }

    fn parse_within(bytes_max: usize, text: &str) -> Result<Self, SchemaErrors> {
        let mut errors = ErrorList::default();
        let file = if text.len() > bytes_max {
            let message = format!("the text is {} bytes long; the limit is {bytes_max}", text.len());
            errors.report(0, message, "split the schema, or shorten its comments");
            syntax::File::default()
        } else {
            parser::parse(text, &mut errors)
        };
        errors.into_result(text)?;

        let mut errors = ErrorList::default();
        let schema = lowering::schema(&file);
        checker::check(&schema, &file, &mut errors);
        errors.into_result(text)?;
        Ok(schema)
    }
}
