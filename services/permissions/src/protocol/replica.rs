//! A replica of the model: how it follows the database, each read a step of its own, by the service's own decisions.

use uuid::Uuid;

use super::database::{Commit, Database, has, history};
use super::rules::Rules;
use crate::domain::digest::Digest;
use crate::domain::following::{Course, Rebuild, course, verdict};
use crate::domain::revision::{Head, Point, Revision};

/// Where a poll is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// None is under way.
    Idle,
    /// The head was read.
    Read(Point),
    /// And a mark on the way there, which comes first.
    Marked { next: Point, head: Point },
    /// Something is wrong: the head is to be read again.
    Doubt,
    /// Commits were lost: another epoch is to begin.
    Renew(Uuid),
    /// Everything is to be loaded.
    Load,
    /// The head was read that the load is for: of a mutation, which does not read the rows as of the same moment.
    LoadAt(Point),
}

/// What a step did that others must take note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noticed {
    Nothing,
    /// That commits were lost; the epoch is renewed.
    Loss,
}

/// Answers from memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// What it says that it has applied; none before the first load.
    pub(super) at: Option<Point>,
    /// What it has applied in fact.
    pub(super) content: Vec<Commit>,
    step: Step,
    /// Whether the poll under way read the head since anything was lost.
    reads_anew: bool,
    /// Whether a poll that read the head since anything was lost has ended.
    pub(super) has_looked: bool,
}

impl Replica {
    /// One that is about to load.
    pub(super) fn new() -> Self {
        Self { at: None, content: Vec::new(), step: Step::Load, reads_anew: true, has_looked: false }
    }

    /// Commits were lost, or an epoch began: what it knows is of before.
    pub(super) fn forget(&mut self) {
        self.reads_anew = false;
        self.has_looked = false;
    }

    /// Whether a poll is under way.
    pub(super) fn is_polling(&self) -> bool {
        self.step != Step::Idle
    }

    /// Whether what it answers from has a history of this digest.
    pub(super) fn has(&self, digest: Digest) -> bool {
        has(self.content.iter(), digest)
    }

    /// Whether it answers a call that must be as fresh as this: [`crate::domain::revision::Revision::covers`].
    pub(super) fn covers(&self, point: &Point, rules: Rules) -> bool {
        let covers = self.at.is_some_and(|at| {
            let epoch = if rules.compares_no_epoch { point.revision.epoch } else { at.revision.epoch };
            Revision { epoch, ..at.revision }.covers(&point.revision)
        });
        covers && (!rules.compares_histories || self.has(point.digest))
    }

    /// Whether its next step would change anything.
    pub(super) fn can_go_on(&self, database: &Database) -> bool {
        match self.step {
            Step::Idle => !self.has_looked || self.at != Some(database.head().point),
            Step::Renew(_) => database.locked_by.is_none(),
            Step::Read(_) | Step::Marked { .. } | Step::Doubt | Step::Load | Step::LoadAt(_) => true,
        }
    }

    /// The next read, and what follows from it. A new epoch would be this one.
    pub(super) fn go_on(&mut self, database: &mut Database, epoch: Uuid, rules: Rules) -> Noticed {
        let head = database.head();
        match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Idle => {
                self.reads_anew = true;
                if self.at == Some(head.point) {
                    self.has_looked = true;
                } else {
                    self.step = Step::Read(head.point);
                }
            }
            Step::Read(to) => self.follow(&Head { point: to, ..head }, database, rules),
            Step::Marked { next, head } => {
                self.advance(next, database, rules);
                // Whoever arrives there goes on to the head.
                if self.step == Step::Idle {
                    self.at = Some(next);
                    self.step = Step::Read(head);
                }
            }
            Step::Doubt => {
                self.step = match self.at.map(|at| (at, verdict(&at, &head))) {
                    Some((at, Rebuild::Digest)) => Step::Renew(at.revision.epoch),
                    Some((_, Rebuild::Epoch | Rebuild::Collected)) | None => Step::Load,
                }
            }
            Step::Renew(lost) => {
                self.step = Step::Load;
                if head.point.revision.epoch == lost && !rules.renews_no_epoch {
                    database.begin_epoch(epoch);
                }
                return Noticed::Loss;
            }
            Step::Load => {
                self.reads_anew = true;
                if rules.loads_over_time {
                    self.step = Step::LoadAt(head.point);
                } else {
                    self.load(head.point, database);
                }
            }
            Step::LoadAt(at) => self.load(at, database),
        }
        Noticed::Nothing
    }

    /// Goes on from where it stands to the head that it read, with what it reads now.
    fn follow(&mut self, head: &Head, database: &Database, rules: Rules) {
        let at = self.at.expect("who has not loaded does not follow");
        match course(&at, head) {
            Course::Rebuild(_) => self.step = Step::Load,
            Course::Doubt if rules.waits_for_head_behind => self.arrive(at),
            Course::Doubt => self.step = Step::Doubt,
            Course::Read if rules.strides && head.point.revision.number > at.revision.number + 1 => {
                self.stride(at, head.point, database, rules);
            }
            Course::Read => {
                self.advance(head.point, database, rules);
                if self.step == Step::Idle {
                    self.arrive(head.point);
                }
            }
        }
    }

    /// Looks for a mark on the way to a head that is far.
    fn stride(&mut self, at: Point, head: Point, database: &Database, rules: Rules) {
        let rebuild = matches!(course(&at, &database.head()), Course::Rebuild(_));
        self.step = match database.mark(at.revision.number + 1) {
            Some(_) if rebuild && !rules.strides_over_time => Step::Load,
            Some(mark) => {
                let revision = Revision { number: mark.number, ..at.revision };
                Step::Marked { next: Point { revision, digest: mark.digest }, head }
            }
            None => Step::Doubt,
        };
    }

    /// Applies what was committed up to a point, if that is what leads there.
    fn advance(&mut self, to: Point, database: &Database, rules: Rules) {
        let at = self.at.expect("who has not loaded does not follow");
        let read = database.between(at.revision.number, to.revision.number);
        if rules.skips_digest || history(&read).digest_after(&at.digest) == to.digest {
            self.content.extend(read);
        } else {
            self.step = Step::Doubt;
        }
    }

    fn load(&mut self, at: Point, database: &Database) {
        self.content = database.between(0, at.revision.number);
        self.arrive(at);
    }

    fn arrive(&mut self, at: Point) {
        self.at = Some(at);
        self.has_looked = self.reads_anew;
    }
}
