//! What may be stored, and what a new schema would orphan.

use graph::{AdmissionError, Orphan, Schema};

use crate::{relationship, schema};

fn documents() -> Schema {
    schema(
        "definition user {}
         definition robot {}
         definition group {
            relation member: user | group#member
            permission active = member
         }
         definition document {
            relation viewer: user | user:* | group#active
            relation parent: document
            permission view = viewer + parent->view
         }",
    )
}

fn refusal(text: &str) -> AdmissionError {
    documents().admits(&relationship(text)).expect_err(text)
}

#[test]
fn what_the_relation_lists_is_admitted() {
    for text in ["document:x#viewer@user:ann", "document:x#viewer@user:*", "document:x#viewer@group:g#active"] {
        assert_eq!(documents().admits(&relationship(text)), Ok(()), "{text}");
    }
}

#[test]
fn the_unknown_is_told_apart_from_the_disallowed() {
    assert!(matches!(refusal("paper:x#viewer@user:ann"), AdmissionError::UnknownType { .. }));
    assert!(matches!(refusal("document:x#viewer@usr:ann"), AdmissionError::UnknownType { .. }));
    assert!(matches!(refusal("document:x#reader@user:ann"), AdmissionError::UnknownRelation { .. }));
    assert!(matches!(refusal("document:x#viewer@group:g#boss"), AdmissionError::UnknownSubjectRelation { .. }));
    assert!(matches!(refusal("document:x#view@user:ann"), AdmissionError::IsPermission { .. }));
    assert!(matches!(refusal("document:x#viewer@robot:r"), AdmissionError::DisallowedSubject { .. }));
    assert!(matches!(refusal("document:x#viewer@group:g"), AdmissionError::DisallowedSubject { .. }));
    assert!(matches!(refusal("document:x#viewer@group:g#member"), AdmissionError::DisallowedSubject { .. }));
    assert!(matches!(refusal("document:x#parent@document:*"), AdmissionError::DisallowedSubject { .. }));
}

#[test]
fn a_refusal_says_what_is_allowed() {
    assert_eq!(
        refusal("document:x#viewer@robot:*").to_string(),
        "`document#viewer` does not allow the subject `robot:*`; allowed: `user`, `user:*`, `group#active`"
    );
    assert_eq!(
        refusal("document:x#viewr@user:ann").to_string(),
        "`document` has no relation `viewr`; did you mean `viewer`?"
    );
}

fn orphans(new: &str) -> Vec<String> {
    let shown = |orphan: Orphan| format!("{}#{}@{}", orphan.object_type, orphan.relation, orphan.subject_type);
    documents().orphaned_by(&schema(new)).into_iter().map(shown).collect()
}

#[test]
fn the_same_schema_orphans_nothing_and_the_empty_one_everything() {
    assert_eq!(documents().orphaned_by(&documents()), []);
    assert_eq!(orphans("").len(), 6);
}

#[test]
fn each_kind_of_relationship_that_lost_its_place_is_listed() {
    let found = orphans(
        "definition user {}
         definition group {
            relation member: user
            permission active = member
         }
         definition document {
            relation parent: document
            relation owner: user
            relation viewer: user | group#member
            permission view = viewer + parent->view
         }",
    );
    assert_eq!(found, ["group#member@group#member", "document#viewer@user:*", "document#viewer@group#active"]);
}

#[test]
fn a_relation_that_became_a_permission_orphans_all_it_held() {
    let found = orphans(
        "definition user {}
         definition group {
            relation member: user | group#member
            permission active = member
         }
         definition document {
            relation reader: user
            relation parent: document
            permission viewer = reader
         }",
    );
    assert_eq!(found, ["document#viewer@user", "document#viewer@user:*", "document#viewer@group#active"]);
}
