//! A replica of the model: how it follows the database, each read a step of its own, by the service's own decisions.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::database::{Commit, Database, has, history};
use super::rules::Rules;
use crate::domain::digest::{Digest, Lineage};
use crate::domain::following::{Course, Rebuild, course, verdict};
use crate::domain::freshness::{Sight, sight};
use crate::domain::revision::{Head, Point};

/// Where a poll is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// None is under way.
    Idle,
    /// A file of before was read.
    Begin,
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

/// Answers from memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Replica {
    /// What it says that it has applied; none before the first load.
    pub(super) at: Option<Point>,
    /// What it has applied in fact.
    pub(super) content: Vec<Commit>,
    /// Whether it answers from that.
    answers: bool,
    /// The lineages that it knows of its own history: of what it followed, and of what it was told.
    lineages: BTreeMap<u64, Lineage>,
    step: Step,
    /// Whether the poll under way read the head since anything was lost.
    reads_anew: bool,
    /// Whether a poll that read the head since anything was lost has ended.
    pub(super) has_looked: bool,
}

impl Replica {
    /// One that is about to load.
    pub(super) fn new() -> Self {
        Self {
            at: None,
            content: Vec::new(),
            answers: false,
            lineages: BTreeMap::new(),
            step: Step::Load,
            reads_anew: true,
            has_looked: false,
        }
    }

    /// Commits were lost, or an epoch began: what it knows is of before.
    pub(super) fn forget(&mut self) {
        self.reads_anew = false;
        self.has_looked = false;
    }

    /// It dies, and comes back with a file of what it answered from.
    pub(super) fn restart(&mut self) {
        let (at, content) = (self.at, std::mem::take(&mut self.content));
        *self = Self { at, content, step: Step::Begin, ..Self::new() };
        self.lineages.extend(at.map(|at| (at.number, at.digest.lineage())));
    }

    /// Whether a poll is under way.
    pub(super) fn is_polling(&self) -> bool {
        self.step != Step::Idle
    }

    /// Whether it found out that what it has applied may have lost writes.
    pub(super) fn knows_better(&self) -> bool {
        matches!(self.step, Step::Renew(_) | Step::Load | Step::LoadAt(_))
    }

    /// Whether what it answers from has a history of this digest.
    pub(super) fn has(&self, digest: Digest) -> bool {
        has(self.content.iter(), digest)
    }

    /// The point that it answers at.
    pub(super) fn answers_at(&self) -> Option<Point> {
        self.at.filter(|_| self.answers)
    }

    /// What it makes of a revision.
    pub(super) fn sight(&self, asked: &Point, rules: Rules) -> Option<Sight> {
        let at = self.answers_at()?;
        let mut asked = asked.revision();
        if rules.compares_no_epoch {
            asked.epoch = at.epoch;
        }
        let known =
            if rules.compares_no_history { Some(asked.lineage) } else { self.lineages.get(&asked.number).copied() };
        Some(sight(&asked, &at.revision(), known, 0))
    }

    /// Whether it answers a call that must be as fresh as this.
    pub(super) fn covers(&self, point: &Point, rules: Rules) -> bool {
        self.sight(point, rules) == Some(Sight::Covered)
    }

    /// Asks the database about a revision of before it began to follow, as of one moment.
    pub(super) fn inquire(&mut self, number: u64, database: &Database, rules: Rules) {
        let Some(at) = self.answers_at() else { return };
        let is_of_one_history =
            database.head().point.epoch == at.epoch && database.digest_at(at.number) == Some(at.digest);
        if is_of_one_history || rules.inquires_blindly {
            let lineage = database.digest_at(number).map(|digest| (number, digest.lineage()));
            self.lineages.extend(lineage);
        }
    }

    /// Whether its next step would change anything.
    pub(super) fn can_go_on(&self, database: &Database) -> bool {
        match self.step {
            Step::Idle => !self.has_looked || self.at != Some(database.head().point),
            Step::Renew(_) => database.locked_by.is_none(),
            Step::Begin | Step::Read(_) | Step::Marked { .. } | Step::Doubt | Step::Load | Step::LoadAt(_) => true,
        }
    }

    /// The next read, and what follows from it. A new epoch would be this one.
    pub(super) fn go_on(&mut self, database: &mut Database, epoch: Uuid, rules: Rules) {
        let head = database.head();
        match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Idle => {
                self.reads_anew = true;
                self.step = Step::Read(head.point);
                if self.at == Some(head.point) {
                    self.arrive(head.point, rules);
                }
            }
            Step::Begin => self.begin(&head, rules),
            Step::Read(to) => self.follow(&Head { point: to, ..head }, database, rules),
            Step::Marked { next, head } => {
                self.advance(next, database, rules);
                // Whoever arrives there goes on to the head.
                if self.step == Step::Idle {
                    self.reach(next, rules);
                    self.step = Step::Read(head);
                }
            }
            Step::Doubt => match self.at.map(|at| (at, verdict(&at, &head))) {
                Some((at, Rebuild::Digest)) => self.withdraw(Step::Renew(at.epoch), rules),
                Some((_, Rebuild::Epoch | Rebuild::Collected)) | None => self.withdraw(Step::Load, rules),
            },
            Step::Renew(lost) => {
                self.step = Step::Load;
                if head.point.epoch == lost && !rules.renews_no_epoch {
                    database.begin_epoch(epoch);
                }
            }
            Step::Load => {
                self.reads_anew = true;
                if rules.loads_over_time {
                    self.step = Step::LoadAt(head.point);
                } else {
                    self.load(head.point, database, rules);
                }
            }
            Step::LoadAt(at) => self.load(at, database, rules),
        }
    }

    /// Begins with its file, if that is of this life of the database.
    fn begin(&mut self, head: &Head, rules: Rules) {
        self.reads_anew = true;
        match self.at {
            Some(at) if at.epoch == head.point.epoch => {
                if rules.answers_from_any_file {
                    self.reach(at, rules);
                }
                self.step = Step::Read(head.point);
                if at == head.point {
                    self.arrive(at, rules);
                }
            }
            Some(_) | None => self.step = Step::Load,
        }
    }

    /// Goes on from where it stands to the head that it read, with what it reads now.
    fn follow(&mut self, head: &Head, database: &Database, rules: Rules) {
        let at = self.at.expect("who has not loaded does not follow");
        match course(&at, head) {
            Course::Rebuild(_) => self.withdraw(Step::Load, rules),
            Course::Doubt if rules.waits_for_head_behind => self.arrive(at, rules),
            Course::Doubt => self.step = Step::Doubt,
            Course::Read if rules.strides && head.point.number > at.number + 1 => {
                self.stride(at, head.point, database, rules);
            }
            Course::Read => {
                self.advance(head.point, database, rules);
                if self.step == Step::Idle {
                    self.arrive(head.point, rules);
                }
            }
        }
    }

    /// Looks for a mark on the way to a head that is far.
    fn stride(&mut self, at: Point, head: Point, database: &Database, rules: Rules) {
        let rebuild = matches!(course(&at, &database.head()), Course::Rebuild(_));
        match database.mark(at.number + 1) {
            Some(_) if rebuild && !rules.strides_over_time => self.withdraw(Step::Load, rules),
            Some(mark) => {
                let next = Point { number: mark.number, digest: mark.digest, ..at };
                self.step = Step::Marked { next, head };
            }
            None => self.step = Step::Doubt,
        }
    }

    /// Applies what was committed up to a point, if that is what leads there.
    fn advance(&mut self, to: Point, database: &Database, rules: Rules) {
        let at = self.at.expect("who has not loaded does not follow");
        let read = database.between(at.number, to.number);
        let digests = history(&read).digests_after(&at.digest);
        if rules.skips_digest || *digests.last().unwrap_or(&at.digest) == to.digest {
            let numbers = read.iter().map(|commit| commit.number);
            self.lineages.extend(numbers.zip(digests.iter().map(Digest::lineage)));
            self.content.extend(read);
        } else {
            self.step = Step::Doubt;
        }
    }

    fn load(&mut self, at: Point, database: &Database, rules: Rules) {
        self.content = database.between(0, at.number);
        self.lineages = BTreeMap::from([(at.number, at.digest.lineage())]);
        self.arrive(at, rules);
    }

    /// A poll has ended here.
    fn arrive(&mut self, at: Point, rules: Rules) {
        self.step = Step::Idle;
        self.reach(at, rules);
        self.has_looked = self.reads_anew;
    }

    /// From now on it answers at this point.
    fn reach(&mut self, at: Point, rules: Rules) {
        // Whoever begins to answer claims to have looked.
        self.has_looked |= !self.answers && self.reads_anew;
        (self.at, self.answers) = (Some(at), true);
        if rules.forgets_lineages {
            self.lineages.retain(|number, _| *number >= at.number);
        }
    }

    /// Answers from nothing any more, and goes on with a step.
    fn withdraw(&mut self, next: Step, rules: Rules) {
        self.answers &= rules.answers_while_loading;
        self.step = next;
    }
}
