//! What readers see while the index moves on.

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::domain::digest::Digest;

const LIMITS: WindowLimits = WindowLimits { age_max: Duration::from_secs(60), snapshots_max: 4, changes_max: 1_000 };

/// A digest that names its number, and the history by its last byte.
fn digest(number: u64, history: u8) -> Digest {
    let mut bytes = [history; 32];
    bytes[..8].copy_from_slice(&(number << 8 | u64::from(history)).to_be_bytes());
    Digest(bytes)
}

fn point(number: u64) -> Point {
    Point { epoch: Uuid::from_u128(1), number, digest: digest(number, 1) }
}

fn revision(number: u64) -> Revision {
    point(number).revision()
}

/// A revision of the same number in another history.
fn lost(number: u64) -> Revision {
    Revision { lineage: digest(number, 2).lineage(), ..revision(number) }
}

fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

/// An index, and where its tail stands.
struct Followed {
    index: Index,
    standing: Standing,
}

impl Followed {
    fn loaded_at(number: u64) -> Self {
        Self::with(LIMITS, number)
    }

    fn with(limits: WindowLimits, number: u64) -> Self {
        let index = Index::new(7, limits);
        let standing = index.stand(point(number), 0, Tenants::new());
        index.reached(&standing, 0);
        Self { index, standing }
    }

    /// Applies a revision that adds one relationship to a tenant, and says nothing yet.
    fn apply(&self, number: u64, tenant: &str) {
        let relationship = format!("document:d{number}#viewer@user:alice").parse().unwrap();
        let deed = Deed::Changes(vec![Change::Touch(relationship)]);
        self.standing.life.apply(&tenant.to_owned(), number, revision(number).lineage, deed);
    }

    fn touch(&mut self, number: u64, tenant: &str) {
        self.apply(number, tenant);
        self.standing.point = point(number);
        self.index.reached(&self.standing, 0);
    }

    fn seen(&self, id: &str) -> (Revision, usize) {
        seen(self.index.view(&tenant(id)))
    }

    fn sight(&self, revision: &Revision) -> Option<Sight> {
        self.index.look(&tenant("acme"), revision).map(|(sight, _)| sight)
    }
}

/// The revision and the number of relationships of what is seen.
fn seen(view: Option<View>) -> (Revision, usize) {
    let view = view.unwrap();
    (view.revision, view.snapshot.relationships())
}

#[test]
fn nothing_is_seen_before_what_was_loaded_is_found_to_be_the_databases() {
    let index = Index::new(7, LIMITS);
    assert!(index.view(&tenant("acme")).is_none());
    let standing = index.stand(point(3), 0, Tenants::new());
    assert!(index.view(&tenant("acme")).is_none());
    index.reached(&standing, 0);
    assert_eq!(seen(index.view(&tenant("acme"))), (revision(3), 0));
}

#[tokio::test]
async fn nothing_is_seen_of_what_was_withdrawn() {
    let mut followed = Followed::loaded_at(0);
    followed.touch(1, "acme");
    *followed.index.standing().await = Some(Standing { point: point(1), life: Arc::clone(&followed.standing.life) });
    assert!(followed.index.still().await.is_some());
    followed.index.withdraw();
    assert!(followed.index.view(&tenant("acme")).is_none());
    assert!(followed.index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert!(followed.index.schema(&tenant("acme")).is_none());
    assert_eq!((followed.index.applied(), followed.sight(&revision(1))), (None, None));
    assert!(followed.index.still().await.is_none(), "nor is it written into a file");
}

#[test]
fn a_revision_is_covered_only_by_the_history_that_it_is_of() {
    let mut followed = Followed::loaded_at(2);
    followed.touch(3, "acme");
    followed.touch(4, "other");
    assert_eq!([3, 4].map(|number| followed.sight(&revision(number))), [Some(Sight::Covered); 2]);
    assert_eq!([3, 4].map(|number| followed.sight(&lost(number))), [Some(Sight::Contradicted); 2]);
    assert!(followed.index.view_at(&tenant("acme"), &lost(3)).is_none());
    let restored = Revision { epoch: Uuid::from_u128(2), ..revision(3) };
    assert_eq!([revision(5), restored].map(|revision| followed.sight(&revision)), [Some(Sight::Beyond); 2]);
}

#[test]
fn of_what_was_before_it_was_loaded_it_says_what_it_learnt_and_takes_what_nobody_can_tell() {
    let followed = Followed::loaded_at(9);
    assert_eq!(followed.sight(&revision(5)), Some(Sight::Unknown));
    followed.standing.life.learn(5, Some(revision(5).lineage), 3);
    assert_eq!(
        [revision(5), lost(5)].map(|revision| followed.sight(&revision)),
        [Some(Sight::Covered), Some(Sight::Contradicted)]
    );
    // Below the floor nothing is stored by which to tell.
    assert_eq!(
        [lost(2), lost(3)].map(|revision| followed.sight(&revision)),
        [Some(Sight::Covered), Some(Sight::Unknown)]
    );
}

#[test]
fn a_view_never_changes_and_the_next_one_has_everything() {
    let mut followed = Followed::loaded_at(0);
    followed.touch(1, "acme");
    let before = followed.index.view(&tenant("acme"));
    followed.touch(2, "acme");
    followed.touch(3, "other");
    assert_eq!(seen(before), (revision(1), 1));
    assert_eq!(followed.seen("acme"), (revision(3), 2));
    assert_eq!(followed.seen("other"), (revision(3), 1));
}

#[test]
fn a_tenant_that_is_ahead_is_seen_at_its_own_revision() {
    let followed = Followed::loaded_at(0);
    followed.apply(2, "acme");
    // The revisions up to 2 are not all applied yet, so nothing else is at 2.
    assert_eq!(followed.seen("acme"), (revision(2), 1));
    assert_eq!(followed.seen("other"), (revision(0), 0));
}

#[test]
fn every_state_in_the_window_can_be_seen_again_through_a_merge() {
    let mut followed = Followed::loaded_at(0);
    for number in 1..=4 {
        followed.touch(number, if number == 3 { "other" } else { "acme" });
    }
    for merged in [false, true] {
        for (at, relationships) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3)] {
            let view = followed.index.view_at(&tenant("acme"), &revision(at));
            assert_eq!(seen(view), (revision(at), relationships), "after a merge: {merged}");
        }
        followed.index.merge(&"acme".to_owned());
    }
    assert!(followed.index.view_at(&tenant("acme"), &revision(5)).is_none());
    let restored = Revision { epoch: Uuid::from_u128(2), ..revision(1) };
    assert!(followed.index.view_at(&tenant("acme"), &restored).is_none());
}

#[test]
fn the_window_keeps_as_many_states_as_it_may_and_says_when_one_is_gone() {
    let mut followed = Followed::loaded_at(0);
    for number in 1..=6 {
        followed.touch(number, "acme");
    }
    assert!(followed.index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
    // Of a tenant that nothing happened to, the present state is the state of then.
    assert_eq!(seen(followed.index.view_at(&tenant("other"), &revision(1))), (revision(1), 0));
}

#[test]
fn the_window_keeps_no_more_than_one_base_that_is_not_used_any_more() {
    let mut followed = Followed::loaded_at(0);
    followed.touch(1, "acme");
    followed.touch(2, "acme");
    followed.index.merge(&"acme".to_owned());
    followed.touch(3, "acme");
    followed.index.merge(&"acme".to_owned());
    followed.touch(4, "acme");
    assert!(followed.index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(3))), (revision(3), 3));
}

#[tokio::test]
async fn the_window_lets_go_of_what_is_old() {
    let mut followed = Followed::with(WindowLimits { age_max: Duration::from_millis(5), ..LIMITS }, 0);
    followed.touch(1, "acme");
    followed.touch(2, "acme");
    tokio::time::sleep(Duration::from_millis(10)).await;
    followed.index.reached(&followed.standing, 0);
    assert!(followed.index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
}

#[tokio::test]
async fn the_window_lets_go_of_what_changed_much() {
    let mut followed = Followed::with(WindowLimits { changes_max: 2, ..LIMITS }, 0);
    for number in 1..=4 {
        followed.touch(number, "acme");
    }
    assert!(followed.index.view_at(&tenant("acme"), &revision(1)).is_none());
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(2))), (revision(2), 2));
    assert_eq!(seen(followed.index.view_at(&tenant("acme"), &revision(3))), (revision(3), 3));
}

#[tokio::test]
async fn waiting_ends_when_the_revision_comes_or_another_epoch() {
    let mut followed = Followed::loaded_at(0);
    let epoch = revision(0).epoch;
    let is_covered = |sight| sight == Sight::Covered;
    let soon = || Instant::now() + Duration::from_millis(20);
    assert!(!followed.index.wait(&revision(1), is_covered, epoch, soon()).await);
    followed.touch(1, "acme");
    assert!(followed.index.wait(&revision(1), is_covered, epoch, soon()).await);
    assert!(!followed.index.wait(&lost(1), is_covered, epoch, soon()).await);
    followed.index.withdraw();
    assert!(!followed.index.wait(&revision(1), is_covered, epoch, soon()).await);
    let restored = Point { epoch: Uuid::from_u128(2), ..point(1) };
    followed.index.reached(&followed.index.stand(restored, 0, Tenants::new()), 0);
    assert!(followed.index.wait(&revision(2), is_covered, epoch, soon()).await);
}
