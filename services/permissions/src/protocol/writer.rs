//! A writer of the model: the statements of one turn, each a step of its own, decided by the ledger.

use super::database::{Commit, Database, Viewer, fact, tenant};
use super::rules::Rules;
use crate::domain::ledger::Ledger;
use crate::domain::revision::Point;
use crate::domain::update::{Operation, Update};

/// A revision that somebody was told of, with the history that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    pub(super) point: Point,
    /// Whether it acknowledges a write; otherwise it came with an answer.
    pub(super) acknowledges: bool,
}

/// What a caller wants done.
pub(super) type Wish = (Operation, Viewer);

/// Where a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Not begun, or begun by the read of a mutation.
    Begun { saw: Option<bool> },
    /// The head is locked, and was this.
    Locked { head: Point, saw: Option<bool> },
    /// Whether the relationship is there was read under the lock.
    Loaded { head: Point, there: bool },
    /// The rows are written, and nobody else sees them yet.
    Stored { commit: Option<Commit>, point: Point },
    /// The commit is durable, and its caller does not know yet.
    Committed { point: Point },
}

/// Makes one write after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writer {
    made: usize,
    step: Step,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { made: 0, step: Step::Begun { saw: None } }
    }

    /// Whether it could take its next step.
    pub(super) fn can_go_on(&self, writes: usize, database: &Database, rules: Rules) -> bool {
        match self.step {
            Step::Begun { saw: None } if rules.reads_before_lock => self.made < writes,
            Step::Begun { .. } => self.made < writes && (database.locked_by.is_none() || rules.takes_no_lock),
            Step::Locked { .. } | Step::Loaded { .. } | Step::Stored { .. } | Step::Committed { .. } => true,
        }
    }

    /// Whether it is in the middle of a write.
    pub(super) fn is_writing(&self) -> bool {
        self.step != Step::Begun { saw: None }
    }

    /// The next statement, or the answer; a token if that acknowledges a write.
    pub(super) fn go_on(&mut self, me: usize, writes: &[Wish], database: &mut Database, rules: Rules) -> Option<Token> {
        match self.step {
            Step::Begun { saw: None } if rules.reads_before_lock => {
                self.step = Step::Begun { saw: Some(database.there(writes[self.made].1)) };
            }
            Step::Begun { saw } => {
                if !rules.takes_no_lock {
                    database.locked_by = Some(me);
                }
                self.step = Step::Locked { head: database.head().point, saw };
            }
            Step::Locked { head, saw } => {
                self.step = Step::Loaded { head, there: saw.unwrap_or_else(|| database.there(writes[self.made].1)) };
            }
            Step::Loaded { head, there } => match decide(head, there, writes[self.made]) {
                Some((commit, point)) => {
                    self.step = Step::Stored { commit, point };
                    return rules.answers_before_commit.then_some(Token { point, acknowledges: true });
                }
                // It was to be created, and is there: its caller is told so, and nothing is committed.
                None => self.next(me, database),
            },
            Step::Stored { commit, point } => {
                commit.into_iter().for_each(|commit| database.commit(commit));
                self.next(me, database);
                self.made -= 1;
                self.step = Step::Committed { point };
            }
            Step::Committed { point } => {
                self.next(me, database);
                return Some(Token { point, acknowledges: true });
            }
        }
        None
    }

    /// The process dies, and comes back for its next write. Its caller is never answered.
    pub(super) fn crash(&mut self, me: usize, database: &mut Database) {
        self.next(me, database);
    }

    /// The database is gone under it. Whoever's commit was answered by then tells its caller all the same.
    pub(super) fn cut_off(&mut self) {
        match self.step {
            Step::Begun { saw: None } | Step::Committed { .. } => {}
            Step::Begun { .. } | Step::Locked { .. } | Step::Loaded { .. } | Step::Stored { .. } => {
                self.made += 1;
                self.step = Step::Begun { saw: None };
            }
        }
    }

    fn next(&mut self, me: usize, database: &mut Database) {
        if database.locked_by == Some(me) {
            database.locked_by = None;
        }
        self.made += 1;
        self.step = Step::Begun { saw: None };
    }
}

/// What the ledger makes of a write; none if it refuses it.
fn decide(head: Point, there: bool, (operation, viewer): Wish) -> Option<(Option<Commit>, Point)> {
    let mut ledger = Ledger::new(head.number, head.digest);
    if there {
        ledger.learn(&tenant(), fact(viewer));
    }
    let number = ledger.update(&tenant(), &[Update { operation, relationship: fact(viewer) }]).ok()?;
    let (added, removed) = ledger.take_rows();
    let digest = ledger.digest();
    let commit = match (added.is_empty(), removed.is_empty()) {
        (true, true) => None,
        (added_none, _) => Some(Commit { number, digest, before: head.digest, viewer, there: !added_none }),
    };
    Some((commit, Point { epoch: head.epoch, number, digest }))
}
