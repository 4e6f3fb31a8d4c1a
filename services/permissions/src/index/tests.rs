//! What readers see while the index moves on.

use std::time::Duration;

use uuid::Uuid;

use super::*;

const LIMITS: WindowLimits = WindowLimits { age_max: Duration::from_secs(60), snapshots_max: 4 };

fn revision(number: u64) -> Revision {
    Revision { epoch: Uuid::from_u128(1), number }
}

fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

fn loaded_at(number: u64) -> Index {
    let index = Index::new(7, LIMITS);
    index.load(revision(number), Tenants::new());
    index
}

/// Applies a revision that adds one relationship to a tenant.
fn touch(index: &Index, number: u64, tenant: &str) {
    let relationship = format!("document:d{number}#viewer@user:alice").parse().unwrap();
    index.apply(&tenant.to_owned(), number, Deed::Changes(vec![Change::Touch(relationship)]));
    index.reached(number);
}

/// The revision and the number of relationships of what is seen.
fn seen(view: Option<View>) -> (Revision, usize) {
    let view = view.unwrap();
    (view.revision, view.snapshot.relationships())
}

#[test]
fn nothing_is_seen_before_the_first_load() {
    let index = Index::new(7, LIMITS);
    assert!(index.view(&tenant("acme")).is_none());
    index.load(revision(3), Tenants::new());
    assert_eq!(seen(index.view(&tenant("acme"))), (revision(3), 0));
}

#[test]
fn a_view_never_changes_and_the_next_one_has_everything() {
    let index = loaded_at(0);
    touch(&index, 1, "acme");
    let before = index.view(&tenant("acme"));
    touch(&index, 2, "acme");
    touch(&index, 3, "other");
    assert_eq!(seen(before), (revision(1), 1));
    assert_eq!(seen(index.view(&tenant("acme"))), (revision(3), 2));
    assert_eq!(seen(index.view(&tenant("other"))), (revision(3), 1));
}

#[test]
fn a_tenant_that_is_ahead_is_seen_at_its_own_revision() {
    let index = loaded_at(0);
    let relationship = "document:plan#viewer@user:alice".parse().unwrap();
    index.apply(&"acme".to_owned(), 2, Deed::Changes(vec![Change::Touch(relationship)]));
    // The revisions up to 2 are not all applied yet, so nothing else is at 2.
    assert_eq!(seen(index.view(&tenant("acme"))), (revision(2), 1));
    assert_eq!(seen(index.view(&tenant("other"))), (revision(0), 0));
}

#[test]
fn every_state_in_the_window_can_be_seen_again_through_a_merge() {
    let index = loaded_at(0);
    for number in 1..=4 {
        touch(&index, number, if number == 3 { "other" } else { "acme" });
    }
    for merged in [false, true] {
        for (at, relationships) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3)] {
            let view = index.view_at(&tenant("acme"), &revision(at));
            assert_eq!(seen(view), (revision(at), relationships), "after a merge: {merged}");
        }
        index.merge(&"acme".to_owned());
    }
    assert!(index.view_at(&tenant("acme"), &revision(5)).is_none());
    assert!(index.view_at(&tenant("acme"), &Revision { epoch: Uuid::from_u128(2), number: 1 }).is_none());
}

#[test]
fn the_window_keeps_as_many_states_as_it_may_and_says_when_one_is_gone() {
    let index = loaded_at(0);
    for number in 1..=6 {
        touch(&index, number, "acme");
    }
    assert!(index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
    // Of a tenant that nothing happened to, the present state is the state of then.
    assert_eq!(seen(index.view_at(&tenant("other"), &revision(1))), (revision(1), 0));
}

#[test]
fn the_window_keeps_no_more_than_one_base_that_is_not_used_any_more() {
    let index = loaded_at(0);
    touch(&index, 1, "acme");
    touch(&index, 2, "acme");
    index.merge(&"acme".to_owned());
    touch(&index, 3, "acme");
    index.merge(&"acme".to_owned());
    touch(&index, 4, "acme");
    assert!(index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
    assert_eq!(seen(index.view_at(&tenant("acme"), &revision(3))), (revision(3), 3));
}

#[tokio::test]
async fn the_window_lets_go_of_what_is_old() {
    let index = Index::new(7, WindowLimits { age_max: Duration::from_millis(5), ..LIMITS });
    index.load(revision(0), Tenants::new());
    touch(&index, 1, "acme");
    touch(&index, 2, "acme");
    tokio::time::sleep(Duration::from_millis(10)).await;
    index.reached(2);
    assert!(index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
}

#[tokio::test]
async fn waiting_ends_when_the_revision_comes_and_not_for_one_of_another_epoch() {
    let index = loaded_at(0);
    let soon = || Instant::now() + Duration::from_millis(20);
    assert!(!index.reach(&revision(1), soon()).await);
    touch(&index, 1, "acme");
    assert!(index.reach(&revision(1), soon()).await);
    let restored = Revision { epoch: Uuid::from_u128(2), number: 1 };
    assert!(!index.reach(&restored, soon()).await);
}
