//! Relationships as text and as parts.

use graph::{ObjectRef, Part, Relationship, RelationshipError, SubjectRef};
use proptest::prelude::*;

use crate::relationship;

#[test]
fn a_relationship_prints_as_it_was_read() {
    for text in [
        "document:readme#viewer@user:alice",
        "folder:x#viewer@group:eng#member",
        "document:x#viewer@user:*",
        "docs/document:a/b|c-d=e+f_g#viewer@iam/user:Z9",
    ] {
        assert_eq!(relationship(text).to_string(), text);
    }
}

#[test]
fn an_ellipsis_is_no_relation() {
    assert_eq!(relationship("document:x#viewer@user:ann#..."), relationship("document:x#viewer@user:ann"));
}

#[test]
fn the_parts_can_be_had_one_by_one() {
    let one = relationship("document:readme#viewer@group:eng#member");
    assert_eq!((one.resource().object_type(), one.resource().object_id()), ("document", "readme"));
    assert_eq!(one.relation(), "viewer");
    assert_eq!(one.subject().object().to_string(), "group:eng");
    assert_eq!(one.subject().relation(), Some("member"));
    let (resource, relation, subject) = one.clone().into_parts();
    assert_eq!(Relationship::new(resource, relation, subject), Ok(one));
}

fn fault(text: &str) -> (Part, usize) {
    let error = text.parse::<Relationship>().expect_err(text);
    (error.part, error.position)
}

#[test]
fn an_error_names_the_part_and_the_byte() {
    assert_eq!(fault("docu-ment:x#viewer@user:ann"), (Part::ResourceType, 5));
    assert_eq!(fault("document:x y#viewer@user:ann"), (Part::ResourceId, 11));
    assert_eq!(fault("document:#viewer@user:ann"), (Part::ResourceId, 10));
    assert_eq!(fault("document:x#Viewer@user:ann"), (Part::Relation, 12));
    assert_eq!(fault("document:x#viewer@us:ann"), (Part::SubjectType, 19));
    assert_eq!(fault("document:x#viewer@user:a@b"), (Part::SubjectId, 25));
    assert_eq!(fault("document:x#viewer@group:g#member!"), (Part::SubjectRelation, 33));
}

#[test]
fn an_error_says_which_separator_is_missing_and_where() {
    assert_eq!(fault("document:x#viewer"), (Part::SubjectType, 18));
    assert_eq!(fault("document:x@user:ann"), (Part::Relation, 11));
    assert_eq!(fault("document#viewer@user:ann"), (Part::ResourceId, 9));
    assert_eq!(fault("document:x#viewer@user"), (Part::SubjectId, 23));
}

#[test]
fn an_error_names_the_limit_it_breaks() {
    let long = format!("document:{}#viewer@user:ann", "x".repeat(1_025));
    let message = long.parse::<Relationship>().unwrap_err().to_string();
    assert!(message.contains("is 1025 bytes long; the limit is 1024"), "{message}");
    assert!(message.len() < 300, "{message}");
}

#[test]
fn a_star_is_a_subject_only_and_has_no_relation() {
    assert_eq!(fault("document:*#viewer@user:ann"), (Part::ResourceId, 10));
    assert_eq!(fault("document:x#viewer@group:*#member"), (Part::SubjectRelation, 27));
    assert!(relationship("document:x#viewer@user:*").subject().is_wildcard());
    assert_eq!(fault("document:x#viewer@user:*a"), (Part::SubjectId, 24));
}

#[test]
fn parts_given_one_by_one_are_held_to_the_same_rules() {
    let error = |result: Result<ObjectRef, RelationshipError>| result.unwrap_err();
    assert_eq!(error(ObjectRef::new("Document", "x")).part, Part::ResourceType);
    assert_eq!(error(ObjectRef::new("document", "x y")).position, 2);
    let user = ObjectRef::new("user", "ann").unwrap();
    assert_eq!(SubjectRef::new(user.clone(), Some("x")).unwrap_err().part, Part::SubjectRelation);
    let everyone = SubjectRef::object_itself(ObjectRef::new("user", "*").unwrap());
    assert_eq!(Relationship::new(user, "ma", everyone).unwrap_err().part, Part::Relation);
}

proptest! {
    #[test]
    fn whatever_is_well_formed_prints_and_reads_back(
        text in "[a-z][a-z0-9_]{1,9}[a-z0-9](/[a-z][a-z0-9_]{1,9}[a-z0-9])?:[a-zA-Z0-9/_|=+-]{1,20}\
                 #[a-z][a-z0-9_]{1,20}[a-z0-9]@user:(\\*|[a-z]{1,9}(#[a-z]{3,9})?)"
    ) {
        prop_assert_eq!(relationship(&text).to_string(), text);
    }
}
