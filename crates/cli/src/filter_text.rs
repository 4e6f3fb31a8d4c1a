//! Which relationships, in one word: `document:readme#viewer@user:alice` with what does not matter left out.
//!
//! `document` is every relationship of a document, `document:readme#viewer` whoever views one of them, `@user:alice` all that
//! she has. At the end, `#member` is everyone who has that relation, and a bare `#` only the subject itself.

use std::str::FromStr;

use contract::permissions::v1::RelationshipFilter;

/// A filter as it was given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FilterText(pub(crate) RelationshipFilter);

/// Why a text is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterTextError {
    /// Neither type is given.
    #[error("name a type: document, document:readme#viewer, @user:alice")]
    NoType,
    /// A sign that parts are told by is there twice, or nothing follows it.
    #[error("it is TYPE:ID#RELATION@TYPE:ID#RELATION with parts left out, and each sign comes before its part")]
    Form,
}

impl FromStr for FilterText {
    type Err = FilterTextError;

    fn from_str(text: &str) -> Result<Self, FilterTextError> {
        let (resource, subject) = match text.split_once('@') {
            Some((_, "")) => return Err(FilterTextError::Form),
            Some((resource, subject)) => (resource, subject),
            None => (text, ""),
        };
        let (resource, relation) = member(resource)?;
        let (subject, subject_relation) = member(subject)?;
        let (resource_type, resource_id) = object(resource)?;
        let (subject_type, subject_id) = object(subject)?;
        if resource_type.is_empty() && subject_type.is_empty() {
            return Err(FilterTextError::NoType);
        }
        if relation == Some("") || subject.contains('@') {
            return Err(FilterTextError::Form);
        }
        Ok(Self(RelationshipFilter {
            resource_type: resource_type.to_owned(),
            resource_id: resource_id.to_owned(),
            relation: relation.unwrap_or_default().to_owned(),
            subject_type: subject_type.to_owned(),
            subject_id: subject_id.to_owned(),
            subject_relation: subject_relation.map(str::to_owned),
        }))
    }
}

/// What is before `#`, and what is after it.
fn member(text: &str) -> Result<(&str, Option<&str>), FilterTextError> {
    match text.split_once('#') {
        None => Ok((text, None)),
        Some(("", _)) if text.len() == 1 => Err(FilterTextError::Form),
        Some((_, relation)) if relation.contains(['#', ':', '@']) => Err(FilterTextError::Form),
        Some((object, relation)) => Ok((object, Some(relation))),
    }
}

/// The type, and the id if there is one.
fn object(text: &str) -> Result<(&str, &str), FilterTextError> {
    match text.split_once(':') {
        None => Ok((text, "")),
        Some(("", _) | (_, "")) => Err(FilterTextError::Form),
        Some((_, id)) if id.contains(':') => Err(FilterTextError::Form),
        Some(parts) => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> [String; 6] {
        let filter = text.parse::<FilterText>().unwrap_or_else(|error| panic!("{text}: {error}")).0;
        let of = filter.subject_relation.map_or("any".to_owned(), |relation| format!("#{relation}"));
        [filter.resource_type, filter.resource_id, filter.relation, filter.subject_type, filter.subject_id, of]
    }

    #[test]
    fn any_part_can_be_left_out_but_for_one_type() {
        for (text, parts) in [
            ("document:a/b#viewer@user:alice", ["document", "a/b", "viewer", "user", "alice", "any"]),
            ("document", ["document", "", "", "", "", "any"]),
            ("document#viewer", ["document", "", "viewer", "", "", "any"]),
            ("document:a@user", ["document", "a", "", "user", "", "any"]),
            ("@user:alice", ["", "", "", "user", "alice", "any"]),
            ("#viewer@user:*", ["", "", "viewer", "user", "*", "any"]),
            ("@group:eng#member", ["", "", "", "group", "eng", "#member"]),
            ("@user:alice#", ["", "", "", "user", "alice", "#"]),
        ] {
            assert_eq!(read(text), parts, "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in
            ["", "#viewer", "#", "@", "document@", "@#", "document#", "document:", ":a", "a:b:c", "a#b#c", "a@b@c"]
        {
            assert!(bad.parse::<FilterText>().is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:#@*/ \u{80}-\u{100}]{0,30}") {
            let _ = text.parse::<FilterText>();
        }
    }
}
