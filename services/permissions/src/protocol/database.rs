//! The database of the model: what is committed, in its order, and what statements read of it.

use chassis::TenantId;
use graph::{Change, Relationship};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::digest::Digest;
use crate::domain::history::History;
use crate::domain::revision::{Head, Point};

/// The one tenant.
pub(super) fn tenant() -> TenantId {
    "acme".parse().expect("this is a tenant's id")
}

/// Who is let see the one document, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Viewer {
    Alice,
    Bob,
}

/// The relationship that lets a viewer see it.
pub(super) fn fact(viewer: Viewer) -> Relationship {
    let text = match viewer {
        Viewer::Alice => "document:plan#viewer@user:alice",
        Viewer::Bob => "document:plan#viewer@user:bob",
    };
    text.parse().expect("this is a relationship")
}

/// What one commit put in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commit {
    pub(super) number: u64,
    /// Of the history up to here, as the writer worked it out: it names the commit.
    pub(super) digest: Digest,
    /// Of the history that it was decided on.
    pub(super) before: Digest,
    pub(super) viewer: Viewer,
    /// Whether the relationship is there afterwards, which it was not before; or the other way round.
    pub(super) there: bool,
}

/// What a standby is sent, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Entry {
    Commit(Commit),
    /// Another life begins.
    Epoch(Uuid),
}

/// Everything that is committed, and who has the head locked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Database {
    log: Vec<Entry>,
    pub(super) locked_by: Option<usize>,
}

impl Database {
    pub(super) fn new() -> Self {
        Self { log: Vec::new(), locked_by: None }
    }

    pub(super) fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.log.iter().filter_map(|entry| match entry {
            Entry::Commit(commit) => Some(commit),
            Entry::Epoch(_) => None,
        })
    }

    pub(super) fn head(&self) -> Head {
        let mut epochs = self.log.iter().filter_map(|entry| match entry {
            Entry::Epoch(epoch) => Some(*epoch),
            Entry::Commit(_) => None,
        });
        let (number, digest) = self.commits().last().map_or((0, Digest::EMPTY), |last| (last.number, last.digest));
        let point = Point { epoch: epochs.next_back().unwrap_or(Uuid::nil()), number, digest };
        Head { point, floor: 0, read_at: OffsetDateTime::UNIX_EPOCH }
    }

    /// Whether the relationship is there, by what is committed.
    pub(super) fn there(&self, viewer: Viewer) -> bool {
        self.commits().filter(|commit| commit.viewer == viewer).last().is_some_and(|last| last.there)
    }

    /// What was committed with numbers after one, up to and with another.
    pub(super) fn between(&self, after: u64, to: u64) -> Vec<Commit> {
        self.commits().filter(|commit| after < commit.number && commit.number <= to).copied().collect()
    }

    /// Where the head stood after the commit of this number.
    pub(super) fn mark(&self, number: u64) -> Option<&Commit> {
        self.commits().find(|commit| commit.number == number)
    }

    /// The digest of the history up to a number.
    pub(super) fn digest_at(&self, number: u64) -> Option<Digest> {
        if number == 0 { Some(Digest::EMPTY) } else { self.mark(number).map(|commit| commit.digest) }
    }

    /// Whether the history of this digest is its own, or how its own began.
    pub(super) fn has(&self, digest: Digest) -> bool {
        has(self.commits(), digest)
    }

    pub(super) fn commit(&mut self, commit: Commit) {
        self.log.push(Entry::Commit(commit));
    }

    pub(super) fn begin_epoch(&mut self, epoch: Uuid) {
        self.log.push(Entry::Epoch(epoch));
    }

    /// How much there is to lose.
    pub(super) fn length(&self) -> usize {
        self.log.len()
    }

    /// Goes on with so much of what it had; whoever was writing is cut off.
    pub(super) fn cut(&mut self, length: usize) {
        self.log.truncate(length);
        self.locked_by = None;
    }
}

/// Whether the history of this digest is how these commits begin.
pub(super) fn has<'a>(mut commits: impl Iterator<Item = &'a Commit>, digest: Digest) -> bool {
    digest == Digest::EMPTY || commits.any(|commit| commit.digest == digest)
}

/// Commits as a replica reads them back.
pub(super) fn history(commits: &[Commit]) -> History {
    let mut history = History::default();
    for commit in commits {
        let change =
            if commit.there { Change::Touch(fact(commit.viewer)) } else { Change::Delete(fact(commit.viewer)) };
        history.part(commit.number, tenant().as_str().to_owned()).changes.push(change);
    }
    history
}
