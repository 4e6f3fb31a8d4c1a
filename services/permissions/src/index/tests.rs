//! What readers see while the index moves on.

use std::time::Duration;

use graph::Change;
use uuid::Uuid;

use super::*;

fn revision(number: u64) -> Revision {
    Revision { epoch: Uuid::from_u128(1), number }
}

fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

fn touch(index: &Index, number: u64, tenants: &[&str]) {
    let change = move |graph: &mut TenantGraph| {
        let relationship = format!("document:d{number}#viewer@user:alice").parse().unwrap();
        graph.relationships.apply(number, [Change::Touch(relationship)]).unwrap();
    };
    let changes = tenants.iter().map(|tenant| ((*tenant).to_owned(), Box::new(change) as _)).collect();
    if !index.apply_in_place(revision(number), &changes) {
        index.apply_to_copies(revision(number), &changes);
    }
}

#[test]
fn nothing_is_seen_before_the_first_load() {
    let index = Index::new();
    assert!(index.view(&tenant("acme")).is_none());
    index.load(revision(3), HashMap::new());
    let view = index.view(&tenant("acme")).unwrap();
    assert_eq!((view.revision, view.graph.relationships.relationships().len()), (revision(3), 0));
}

#[test]
fn a_view_never_changes_and_the_next_one_has_everything() {
    let index = Index::new();
    index.load(revision(0), HashMap::new());
    touch(&index, 1, &["acme", "other"]);
    let before = index.view(&tenant("acme")).unwrap();
    touch(&index, 2, &["acme", "other"]);
    assert_eq!((before.revision, before.graph.relationships.relationships().len()), (revision(1), 1));
    for id in ["acme", "other"] {
        let after = index.view(&tenant(id)).unwrap();
        assert_eq!((after.revision, after.graph.relationships.relationships().len()), (revision(2), 2));
    }
}

#[tokio::test]
async fn waiting_ends_when_the_revision_comes_and_not_for_one_of_another_epoch() {
    let index = Index::new();
    index.load(revision(0), HashMap::new());
    let soon = || Instant::now() + Duration::from_millis(20);
    assert!(!index.reach(&revision(1), soon()).await);
    touch(&index, 1, &["acme"]);
    assert!(index.reach(&revision(1), soon()).await);
    let restored = Revision { epoch: Uuid::from_u128(2), number: 1 };
    assert!(!index.reach(&restored, soon()).await);
}
