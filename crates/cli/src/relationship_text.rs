//! Relationships as people write them: `document:readme#viewer@user:alice`, one a line, with `//` before comments.
//!
//! ```
//! let text = "// Who reads what\ndocument:readme#viewer@user:alice\ndocument:readme#viewer@group:eng#member // all of them\n";
//! let read = cli::relationship_text::parse_lines(text)?;
//! assert_eq!(cli::relationship_text::write(&read[1].relationship), "document:readme#viewer@group:eng#member");
//! assert_eq!(read[1].line, 3);
//! # Ok::<(), cli::relationship_text::LineError>(())
//! ```

use contract::permissions::v1::{ObjectReference, Relationship, SubjectReference};
use graph::{ObjectRef, RelationshipError, SubjectRef};

/// A relationship, and the line that it stands on.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// From 1.
    pub line: usize,
    /// The relationship.
    pub relationship: Relationship,
}

/// A line that is no relationship.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// From 1.
    pub line: usize,
    /// What is wrong, and where in the line.
    pub problem: RelationshipError,
}

/// Reads one relationship: `type:id#relation@type:id`, `…@type:*` or `…@type:id#relation`.
///
/// # Errors
/// Which part is malformed, and at which byte.
pub fn parse(text: &str) -> Result<Relationship, RelationshipError> {
    let (resource, relation, subject) = text.parse::<graph::Relationship>()?.into_parts();
    Ok(Relationship { resource: Some(object_message(&resource)), relation, subject: Some(subject_message(&subject)) })
}

/// Reads one relationship a line. Empty lines do not count, nor does what follows `//` at a line's beginning or after a
/// space (inside an id, `//` is part of it).
///
/// # Errors
/// The first line that is no relationship.
pub fn parse_lines(text: &str) -> Result<Vec<Placed>, LineError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, without_comment(line).trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(line, text)| match parse(text) {
            Ok(relationship) => Ok(Placed { line, relationship }),
            Err(problem) => Err(LineError { line, problem }),
        })
        .collect()
}

/// Writes a relationship as [`parse`] reads it.
pub fn write(relationship: &Relationship) -> String {
    let subject = relationship.subject.as_ref();
    let object = write_object(subject.and_then(|subject| subject.object.as_ref()));
    let userset = match subject.map_or("", |subject| subject.relation.as_str()) {
        "" => String::new(),
        relation => format!("#{relation}"),
    };
    format!("{}#{}@{object}{userset}", write_object(relationship.resource.as_ref()), relationship.relation)
}

/// Reads an object: `document:readme`.
///
/// # Errors
/// Which part is malformed, and at which byte.
pub fn parse_object(text: &str) -> Result<ObjectReference, RelationshipError> {
    text.parse::<ObjectRef>().map(|object| object_message(&object))
}

/// Reads a subject: `user:alice` or `group:eng#member`.
///
/// # Errors
/// Which part is malformed, and at which byte.
pub fn parse_subject(text: &str) -> Result<SubjectReference, RelationshipError> {
    text.parse::<SubjectRef>().map(|subject| subject_message(&subject))
}

fn write_object(object: Option<&ObjectReference>) -> String {
    object.map_or_else(String::new, |object| format!("{}:{}", object.object_type, object.object_id))
}

fn object_message(object: &ObjectRef) -> ObjectReference {
    ObjectReference { object_type: object.object_type().to_owned(), object_id: object.object_id().to_owned() }
}

fn subject_message(subject: &SubjectRef) -> SubjectReference {
    let relation = subject.relation().unwrap_or_default().to_owned();
    SubjectReference { object: Some(object_message(subject.object())), relation }
}

fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| line[..*at].ends_with(char::is_whitespace) || *at == 0);
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relationship_reads_back_as_it_was_written() {
        for text in
            ["document:readme#viewer@user:alice", "document:a#viewer@group:eng#member", "document:a#viewer@user:*"]
        {
            assert_eq!(write(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn a_comment_stands_alone_or_after_a_space() {
        let text = "\n// one\n  document:a//b#viewer@user:alice // two\r\n\t// three\n";
        let read = parse_lines(text).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].line, write(&read[0].relationship).as_str()), (3, "document:a//b#viewer@user:alice"));
    }

    #[test]
    fn a_bad_line_is_named_with_its_place() {
        let error = parse_lines("document:a#viewer@user:alice\ndocument:a#viewer\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.to_string().starts_with("line 2: "), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:#@*/ \n\u{80}-\u{100}]{0,60}") {
            let _ = parse_lines(&text);
        }
    }
}
