//! Sets of relationships and the log they follow.

use std::collections::BTreeSet;

use graph::{
    Change, Relationship, RelationshipFilter, RelationshipSet, RevisionError, Revisioned, SubjectRelationFilter,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::worlds::cases;
use crate::{relationship, relationships};

#[test]
fn a_relationship_is_in_the_set_once() {
    let mut set = RelationshipSet::new();
    let one = relationship("document:x#viewer@user:ann");
    assert!(set.insert(one.clone()));
    assert!(!set.insert(one.clone()));
    assert_eq!((set.len(), set.contains(&one)), (1, true));
    assert!(set.remove(&one));
    assert!(!set.remove(&one));
    assert!(set.is_empty());
    assert_eq!(set, RelationshipSet::new());
}

#[test]
fn the_subjects_of_a_relation_come_in_order() {
    let set = relationships(&["group:g#member@user:ben", "group:g#member@user:ann", "group:g#owner@user:cat"]);
    let group = "group:g".parse().unwrap();
    let found: Vec<String> = set.subjects(&group, "member").map(ToString::to_string).collect();
    assert_eq!(found, ["user:ann", "user:ben"]);
    assert_eq!(set.subjects(&group, "guest").count(), 0);
    assert_eq!(set.subjects(&"group:h".parse().unwrap(), "member").count(), 0);
}

#[test]
fn a_filter_lets_through_what_has_every_part_it_names() {
    let set = relationships(&[
        "document:a1#viewer@user:ann",
        "document:a2#viewer@user:*",
        "document:b1#editor@group:g#member",
        "folder:a1#viewer@group:g",
    ]);
    let some = |text: &str| Some(text.to_owned());
    let all = RelationshipFilter::default;
    let found = |filter: RelationshipFilter| set.matching(&filter).map(|one| one.to_string()).collect::<Vec<_>>();
    assert_eq!(found(all()).len(), 4);
    assert_eq!(found(RelationshipFilter { object_type: some("folder"), ..all() }), ["folder:a1#viewer@group:g"]);
    assert_eq!(found(RelationshipFilter { object_id: some("a1"), ..all() }).len(), 2);
    assert_eq!(found(RelationshipFilter { object_id_prefix: some("a"), ..all() }).len(), 3);
    assert_eq!(found(RelationshipFilter { relation: some("editor"), ..all() }).len(), 1);
    assert_eq!(found(RelationshipFilter { subject_type: some("group"), ..all() }).len(), 2);
    assert_eq!(found(RelationshipFilter { subject_id: some("*"), ..all() }), ["document:a2#viewer@user:*"]);
    let plain = Some(SubjectRelationFilter::Plain);
    assert_eq!(found(RelationshipFilter { subject_relation: plain, ..all() }).len(), 3);
    let members = Some(SubjectRelationFilter::Userset("member".to_owned()));
    let filter = RelationshipFilter { subject_relation: members, object_type: some("document"), ..all() };
    assert_eq!(found(filter.clone()), ["document:b1#editor@group:g#member"]);
    assert!(filter.matches(&relationship("document:b1#editor@group:g#member")));
    assert!(!filter.matches(&relationship("document:b1#editor@group:g")));
}

#[test]
fn changes_apply_in_their_order_and_may_be_repeated() {
    let one = relationship("document:x#viewer@user:ann");
    let mut log = Revisioned::new();
    let changes = [Change::Touch(one.clone()), Change::Touch(one.clone())];
    assert_eq!(log.apply(3, changes), Ok(()));
    assert_eq!((log.revision(), log.relationships().len()), (3, 1));
    let changes = [Change::Delete(one.clone()), Change::Delete(one.clone()), Change::Touch(one.clone())];
    assert_eq!(log.apply(4, changes), Ok(()));
    assert!(log.relationships().contains(&one));
    assert_eq!(log.apply(9, [Change::Delete(one)]), Ok(()));
    assert!(log.relationships().is_empty());
}

#[test]
fn a_revision_that_was_applied_or_passed_is_refused_and_changes_nothing() {
    let one = relationship("document:x#viewer@user:ann");
    let mut log = Revisioned::loaded(7, [one.clone()].into_iter().collect());
    for offered in [0, 6, 7] {
        let refused = log.apply(offered, [Change::Delete(one.clone())]);
        assert_eq!(refused, Err(RevisionError { applied: 7, offered }));
    }
    assert!(log.relationships().contains(&one));
    assert_eq!(log.apply(8, []), Ok(()));
    assert_eq!(log.revision(), 8);
}

fn few_relationships() -> impl Strategy<Value = Relationship> {
    "(group|folder):[ab]#(member|viewer)@(user:[ab*]|group:[ab]#member)".prop_map(|text| relationship(&text))
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_log_of_changes_leaves_what_an_ordinary_set_holds(
        revisions in vec(vec((any::<bool>(), few_relationships()), 0..6), 0..12)
    ) {
        let mut log = Revisioned::new();
        let mut model: BTreeSet<Relationship> = BTreeSet::new();
        for (revision, changes) in (1..).zip(revisions) {
            for (touched, one) in &changes {
                if *touched { model.insert(one.clone()); } else { model.remove(one); }
            }
            let change = |(touched, one)| if touched { Change::Touch(one) } else { Change::Delete(one) };
            log.apply(revision, changes.into_iter().map(change)).unwrap();
            prop_assert_eq!(log.relationships().len(), model.len());
            prop_assert!(log.relationships().iter().eq(model.iter().cloned()));
            prop_assert_eq!(log.relationships(), &model.iter().cloned().collect::<RelationshipSet>());
        }
    }
}
