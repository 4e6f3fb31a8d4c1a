//! Walks a plan over a snapshot until one question is settled.
//!
//! A depth-first search with early exit. It keeps its own stack, so depth costs memory and never the thread's stack. A pair
//! of object and member that comes up again while it is still open is taken for a no, which is right for the least fixpoint
//! as long as nothing rests on that no once the pair turned out to be a yes: so a no that met an open pair is provisional
//! until that pair is settled (as in tabled resolution, Chen and Warren, J. ACM 1996). A yes is final at once, for more
//! yeses never take one away: what stands on the right of an exclusion never depends on an open pair, because plans in
//! which it could are left to the plain evaluator.

mod memo;

use std::borrow::Cow;

use super::memberships::Memberships;
use super::plan::{NO, Plan, Step, Test, WalkLeg, YES};
use super::snapshot::Snapshot;
use crate::check::{Budget, CheckError, Limit};
use crate::schema::ArrowKind;
use memo::{Memo, State};

/// The one who asks, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) object_type: u32,
    pub(super) object: u32,
    /// Of a userset.
    pub(super) member: Option<u32>,
}

/// One question's search.
#[derive(Debug)]
pub(super) struct Search<'s> {
    snapshot: &'s Snapshot,
    plan: &'s Plan,
    subject: Subject,
    budget: Budget,
    nodes: usize,
    edges: usize,
    frames: Vec<Frame<'s>>,
    memo: Memo,
    /// Memo places of the provisional noes, oldest first.
    provisional: Vec<u32>,
    memberships: Memberships,
}

/// A pair of object and member that is being settled.
#[derive(Debug)]
struct Frame<'s> {
    member: u32,
    object: u32,
    place: u32,
    step: u32,
    /// The next table of the step.
    leg: u32,
    /// The next entry of the row.
    at: u32,
    row: Cow<'s, [u32]>,
    /// Whether the step found any object.
    found: bool,
    /// The outermost open frame that a no of this one rests on.
    low: u32,
    /// How many noes were provisional when it began.
    provisional: u32,
}

/// No open frame at all.
const NONE: u32 = u32::MAX;

impl<'s> Search<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, plan: &'s Plan, budget: Budget) -> Self {
        Self {
            snapshot,
            plan,
            subject: Subject { object_type: 0, object: 0, member: None },
            budget,
            nodes: 0,
            edges: 0,
            frames: Vec::with_capacity(8),
            memo: Memo::default(),
            provisional: Vec::new(),
            memberships: Memberships::Unknown,
        }
    }

    /// Whether the subject has the member on the object.
    pub(super) fn run(&mut self, member: u32, object: u32, subject: Subject) -> Result<bool, CheckError> {
        self.subject = subject;
        (self.nodes, self.edges) = (0, 0);
        self.frames.clear();
        self.memo.clear();
        self.provisional.clear();
        self.memberships = Memberships::Unknown;
        self.searched(member, object).map_err(|limit| {
            let max = match limit {
                Limit::Nodes => self.budget.nodes_max,
                Limit::Edges => self.budget.edges_max,
            };
            CheckError::BudgetExhausted { limit, max }
        })
    }

    /// Errors stay small in here: they are handed up through every step.
    fn searched(&mut self, member: u32, object: u32) -> Result<bool, Limit> {
        if let Some(holds) = self.enter(member, object)? {
            return Ok(holds);
        }
        let mut answer = None;
        loop {
            if let Some(holds) = self.advance(answer.take())? {
                self.settle(holds);
                if self.frames.is_empty() {
                    return Ok(holds);
                }
                answer = Some(holds);
            }
        }
    }

    /// The answer for a pair if it is at hand; else a frame is opened for it.
    #[inline]
    fn enter(&mut self, member: u32, object: u32) -> Result<Option<bool>, Limit> {
        if self.is_subject(member, object) {
            return Ok(Some(true));
        }
        let planned = self.plan.member(member);
        if planned.stored.is_some()
            && let Some(holds) = self.direct(member, object)?
        {
            return Ok(Some(holds));
        }
        if planned.entry >= NO {
            return Ok(Some(planned.entry == YES));
        }
        let place = self.memo.place(u64::from(member) << 32 | u64::from(object));
        let rests_on = match self.memo.state(place) {
            State::Unknown => return self.open(member, object, place, planned.entry),
            State::Yes => return Ok(Some(true)),
            State::No => return Ok(Some(false)),
            State::Open(depth) => depth,
            State::Provisional(low) => low,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.low = frame.low.min(rests_on);
        }
        Ok(Some(false))
    }

    fn open(&mut self, member: u32, object: u32, place: u32, step: u32) -> Result<Option<bool>, Limit> {
        if self.nodes == self.budget.nodes_max {
            return Err(Limit::Nodes);
        }
        self.nodes += 1;
        self.memo.set(place, State::Open(self.frames.len() as u32));
        let provisional = self.provisional.len() as u32;
        let row = Cow::Borrowed(&[][..]);
        let (leg, at, found, low) = (0, 0, false, NONE);
        self.frames.push(Frame { member, object, place, step, leg, at, row, found, low, provisional });
        Ok(None)
    }

    /// Closes the innermost frame with its answer.
    fn settle(&mut self, holds: bool) {
        let Some(frame) = self.frames.pop() else { return };
        let depth = self.frames.len() as u32;
        if !holds && frame.low < depth {
            self.memo.set(frame.place, State::Provisional(frame.low));
            self.provisional.push(frame.place);
            if let Some(parent) = self.frames.last_mut() {
                parent.low = parent.low.min(frame.low);
            }
            return;
        }
        // Noes found meanwhile may have rested on a no for this pair: they hold if it is one.
        let since = if holds { State::Unknown } else { State::No };
        for place in self.provisional.drain(frame.provisional as usize..) {
            self.memo.set(place, since);
        }
        self.memo.set(frame.place, if holds { State::Yes } else { State::No });
    }

    /// Goes on with the innermost frame: its answer, or nothing if another frame was opened on top of it.
    fn advance(&mut self, mut answer: Option<bool>) -> Result<Option<bool>, Limit> {
        let plan = self.plan;
        loop {
            let frame = self.frames.last().expect("the search goes on only while a frame is open");
            let planned = plan.member(frame.member);
            let step = &planned.steps[frame.step as usize];
            let outcome = match answer.take() {
                Some(holds) => self.resume(step, holds)?,
                None => self.begin(step)?,
            };
            let Some(holds) = outcome else { return Ok(None) };
            match if holds { step.yes } else { step.no } {
                YES => return Ok(Some(true)),
                NO => return Ok(Some(false)),
                next => self.frame().step = next,
            }
        }
    }

    fn frame(&mut self) -> &mut Frame<'s> {
        self.frames.last_mut().expect("a step is taken inside a frame")
    }

    fn begin(&mut self, step: &'s Step) -> Result<Option<bool>, Limit> {
        let frame = self.frame();
        let (member, object) = (frame.member, frame.object);
        frame.row = Cow::Borrowed(&[]);
        (frame.leg, frame.at, frame.found) = (0, 0, false);
        match &step.test {
            Test::Own => Ok(Some(self.is_own(member, object))),
            Test::Call(called) => self.enter(*called, object),
            Test::Walk { kind, legs } => self.walk(*kind, legs),
            Test::Stored(relation) => {
                // The frame of a relation itself was opened because this did not settle it.
                if *relation != member
                    && let Some(holds) = self.direct(*relation, object)?
                {
                    return Ok(Some(holds));
                }
                self.usersets(*relation)
            }
        }
    }

    fn resume(&mut self, step: &'s Step, holds: bool) -> Result<Option<bool>, Limit> {
        match &step.test {
            Test::Own => Ok(Some(holds)),
            Test::Call(_) => Ok(Some(holds)),
            Test::Walk { kind: ArrowKind::Plain | ArrowKind::Any, .. } | Test::Stored(_) if holds => Ok(Some(true)),
            Test::Walk { kind: ArrowKind::All, .. } if !holds => Ok(Some(false)),
            Test::Walk { kind, legs } => self.walk(*kind, legs),
            Test::Stored(relation) => self.usersets(*relation),
        }
    }

    /// A relation's answer from the object's own rows and the subject's groups, if they settle it.
    #[inline]
    fn direct(&mut self, relation: u32, object: u32) -> Result<Option<bool>, Limit> {
        if self.is_subject(relation, object) {
            return Ok(Some(true));
        }
        let stored = self.plan.member(relation).stored.as_ref().expect("only relations have rows");
        if self.subject.member.is_none() {
            let subject_type = self.subject.object_type;
            for (table, _) in stored.plain.iter().filter(|(_, of)| *of == subject_type) {
                self.spend(1)?;
                if self.snapshot.forward(*table, object).contains(self.subject.object) {
                    return Ok(Some(true));
                }
            }
            for (table, _) in stored.wildcards.iter().filter(|(_, of)| *of == subject_type) {
                self.spend(1)?;
                if !self.snapshot.forward(*table, object).is_empty() {
                    return Ok(Some(true));
                }
            }
        }
        let mut is_open = false;
        for (position, leg) in stored.usersets.iter().enumerate() {
            let row = self.snapshot.forward(leg.table, object);
            if row.is_empty() {
                continue;
            }
            if position >= stored.groups {
                is_open = true;
                break;
            }
            match self.memberships.of(self.snapshot, self.plan, self.subject) {
                Some(groups) => {
                    let (meets, cost) = groups.meet(leg.member, row);
                    self.spend(cost)?;
                    if meets {
                        return Ok(Some(true));
                    }
                }
                None => is_open = true,
            }
        }
        Ok(if is_open { None } else { Some(false) })
    }

    /// Goes on through the usersets stored for a relation that its own rows did not settle.
    fn usersets(&mut self, relation: u32) -> Result<Option<bool>, Limit> {
        let stored = self.plan.member(relation).stored.as_ref().expect("only relations have rows");
        let settled = if self.memberships.are_too_many() { 0 } else { stored.groups };
        loop {
            let frame = self.frame();
            if let Some(userset) = frame.next() {
                let member = stored.usersets[settled + frame.leg as usize - 1].member;
                self.spend(1)?;
                match self.enter(member, userset)? {
                    Some(false) => {}
                    other => return Ok(other),
                }
            } else if let Some(leg) = stored.usersets.get(settled + frame.leg as usize) {
                let object = frame.object;
                let row = self.snapshot.forward(leg.table, object);
                self.frame().load(row.list());
            } else {
                return Ok(Some(false));
            }
        }
    }

    /// Goes on through the objects that an arrow leads to.
    fn walk(&mut self, kind: ArrowKind, legs: &'s [WalkLeg]) -> Result<Option<bool>, Limit> {
        let settles = kind != ArrowKind::All;
        loop {
            let frame = self.frame();
            if let Some(object) = frame.next() {
                frame.found = true;
                let target = legs[frame.leg as usize - 1].target;
                self.spend(1)?;
                let holds = match target {
                    Some(target) => self.enter(target, object)?,
                    None => Some(false),
                };
                match holds {
                    Some(holds) if holds != settles => {}
                    other => return Ok(other),
                }
            } else if let Some(leg) = legs.get(frame.leg as usize) {
                let object = frame.object;
                let row = self.snapshot.forward(leg.table, object);
                self.frame().load(row.list());
            } else {
                return Ok(Some(!settles && frame.found));
            }
        }
    }

    fn is_subject(&self, member: u32, object: u32) -> bool {
        self.subject.member == Some(member) && self.subject.object == object
    }

    fn is_own(&self, member: u32, object: u32) -> bool {
        let object_type = self.plan.member(member).object_type;
        self.subject.member.is_none() && self.subject.object_type == object_type && self.subject.object == object
    }

    #[inline]
    fn spend(&mut self, edges: usize) -> Result<(), Limit> {
        self.edges += edges;
        if self.edges > self.budget.edges_max {
            return Err(Limit::Edges);
        }
        Ok(())
    }
}

impl<'s> Frame<'s> {
    fn next(&mut self) -> Option<u32> {
        let entry = self.row.get(self.at as usize).copied();
        self.at += u32::from(entry.is_some());
        entry
    }

    fn load(&mut self, row: Cow<'s, [u32]>) {
        self.row = row;
        self.leg += 1;
        self.at = 0;
    }
}
