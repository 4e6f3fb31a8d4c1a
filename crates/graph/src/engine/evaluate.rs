//! Walks a plan over a snapshot until one question is settled.
//!
//! A depth-first search with early exit. It keeps its own stack, so depth costs memory and never the thread's stack. A pair
//! of object and member that comes up again while it is still open is taken for a no, which is right for the least fixpoint
//! as long as nothing rests on that no once the pair turned out to be a yes: so a no that met an open pair is provisional
//! until that pair is settled (as in tabled resolution, Chen and Warren, J. ACM 1996). A yes is final at once, for more
//! yeses never take one away: what stands on the right of an exclusion never depends on an open pair, because plans in
//! which it could are left to the plain evaluator.

mod frame;
mod memo;
mod reading;

use smallvec::SmallVec;

use super::delta::Row;
use super::memberships::Memberships;
use super::objects::{Found, Objects};
use super::plan::{NO, Plan, PlannedMember, Step, Test, WalkLeg, YES};
use super::snapshot::Snapshot;
use crate::check::{Budget, CheckError, Limit};
use crate::schema::ArrowKind;
use frame::{Frame, Pair, RowsRead};
use memo::{Memo, State};

/// The one who asks, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) object_type: u32,
    pub(super) object: u32,
    /// Of a userset.
    pub(super) member: Option<u32>,
}

/// One question's search. What most questions need is inside it, so they allocate nothing.
#[derive(Debug)]
pub(super) struct Search<'s> {
    snapshot: &'s Snapshot,
    plan: &'s Plan,
    subject: Subject,
    budget: Budget,
    nodes: usize,
    edges: usize,
    frames: SmallVec<[Frame<'s>; 4]>,
    memo: Memo,
    /// Memo places of the provisional noes, oldest first.
    provisional: SmallVec<[u32; 8]>,
    /// Memo places of open pairs whose frames went on as another pair.
    handed: SmallVec<[u32; 8]>,
    hop: Option<Hop>,
    memberships: Memberships<'s>,
}

/// The pair that is to be entered next, on another object.
#[derive(Clone, Copy, Debug)]
struct Hop {
    member: u32,
    object: u32,
    share: Share,
}

/// Whether the answer for a pair will be one of several, or the whole answer of the frame that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Part,
    Whole,
}

impl<'s> Search<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, plan: &'s Plan, budget: Budget) -> Self {
        Self {
            snapshot,
            plan,
            subject: Subject { object_type: 0, object: 0, member: None },
            budget,
            nodes: 0,
            edges: 0,
            frames: SmallVec::new(),
            memo: Memo::default(),
            provisional: SmallVec::new(),
            handed: SmallVec::new(),
            hop: None,
            memberships: Memberships::default(),
        }
    }

    /// Whether the subject has the member on the object.
    pub(super) fn run(&mut self, member: u32, object: Found<'s>, subject: Subject) -> Result<bool, CheckError> {
        let mut holds = self.start(member, object, subject)?;
        loop {
            match holds {
                Some(holds) => return Ok(holds),
                None => holds = self.go_on()?,
            }
        }
    }

    /// Forgets the last question and looks for another's answer. If it has to go to another object for it, there is none
    /// yet: [`go_on`](Self::go_on) goes there, and [`prefetch`](Self::prefetch) makes that faster.
    pub(super) fn start(
        &mut self,
        member: u32,
        object: Found<'s>,
        subject: Subject,
    ) -> Result<Option<bool>, CheckError> {
        self.subject = subject;
        (self.nodes, self.edges) = (0, 0);
        self.frames.clear();
        self.memo.clear();
        self.provisional.clear();
        self.handed.clear();
        self.hop = None;
        self.memberships.forget();
        let answer = self.enter(member, object, Share::Part);
        answer
            .and_then(|answer| if answer.is_some() { Ok(answer) } else { self.settled(None) })
            .map_err(|limit| self.exhausted(limit))
    }

    /// Goes to the next object.
    pub(super) fn go_on(&mut self) -> Result<Option<bool>, CheckError> {
        let Some(Hop { member, object, share }) = self.hop.take() else { return Ok(Some(false)) };
        let answer = self.enter(member, self.found(member, object), share);
        answer.and_then(|answer| self.settled(answer)).map_err(|limit| self.exhausted(limit))
    }

    /// The first or the second of two prefetches for the next object.
    #[inline]
    pub(super) fn prefetch(&self, prefetch: impl Fn(&Objects, u32)) {
        if let Some(Hop { member, object, .. }) = self.hop {
            let objects = self.snapshot.base.objects.get(self.plan.member(member).object_type as usize);
            objects.into_iter().for_each(|objects| prefetch(objects, object));
        }
    }

    #[cold]
    fn exhausted(&self, limit: Limit) -> CheckError {
        let max = match limit {
            Limit::Nodes => self.budget.nodes_max,
            Limit::Edges => self.budget.edges_max,
        };
        CheckError::BudgetExhausted { limit, max }
    }

    /// Settles open pairs, beginning with the answer that the innermost waited for, until all are or there is a hop to take.
    fn settled(&mut self, mut answer: Option<bool>) -> Result<Option<bool>, Limit> {
        loop {
            if let Some(holds) = self.advance(answer.take())? {
                self.settle(holds);
                if self.frames.is_empty() {
                    return Ok(Some(holds));
                }
                answer = Some(holds);
            } else if self.hop.is_some() {
                return Ok(None);
            }
        }
    }

    /// The answer for a pair if it is at hand; else a frame is opened for it, or the one that asks goes on as it.
    #[inline]
    fn enter(&mut self, member: u32, object: Found<'s>, share: Share) -> Result<Option<bool>, Limit> {
        if self.is_subject(member, object.number) {
            return Ok(Some(true));
        }
        let planned = self.plan.member(member);
        let rows = self.read(planned, object)?;
        let step = self.steps_from(planned.entry, planned, object, rows)?;
        if step >= NO {
            return Ok(Some(step == YES));
        }
        let place = self.memo.place(u64::from(member) << 32 | u64::from(object.number));
        let rests_on = match self.memo.state(place) {
            State::Unknown => return self.open(Pair { member, object, rows, place, step }, share),
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

    fn open(&mut self, pair: Pair<'s>, share: Share) -> Result<Option<bool>, Limit> {
        if self.nodes == self.budget.nodes_max {
            return Err(Limit::Nodes);
        }
        self.nodes += 1;
        match (share, self.frames.last_mut()) {
            (Share::Whole, Some(frame)) => {
                // What the frame has found so far counts for the new pair as well: both have one answer.
                self.handed.push(frame.pair.place);
                frame.pair = pair;
            }
            (Share::Whole | Share::Part, _) => {
                let mut frame = Frame::new(pair);
                (frame.provisional, frame.handed) = (self.provisional.len() as u32, self.handed.len() as u32);
                self.frames.push(frame);
            }
        }
        self.memo.set(pair.place, State::Open(self.frames.len() as u32 - 1));
        Ok(None)
    }

    /// Closes the innermost frame with its answer.
    fn settle(&mut self, holds: bool) {
        let Some(frame) = self.frames.last() else { return };
        let (low, handed, provisional, place) = (frame.low, frame.handed, frame.provisional, frame.pair.place);
        let depth = self.frames.len() - 1;
        self.frames.truncate(depth);
        if depth == 0 {
            return;
        }
        if !holds && low < depth as u32 {
            for place in self.handed.drain(handed as usize..).chain([place]) {
                self.memo.set(place, State::Provisional(low));
                self.provisional.push(place);
            }
            if let Some(parent) = self.frames.last_mut() {
                parent.low = parent.low.min(low);
            }
            return;
        }
        for place in self.handed.drain(handed as usize..).chain([place]) {
            self.memo.set(place, if holds { State::Yes } else { State::No });
        }
        // Noes found meanwhile may have rested on a no for this pair: they hold if it is one.
        let since = if holds { State::Unknown } else { State::No };
        for place in self.provisional.drain(provisional as usize..) {
            self.memo.set(place, since);
        }
    }

    /// Goes on with the innermost frame: its answer, or nothing if another pair is to be settled first.
    fn advance(&mut self, mut answer: Option<bool>) -> Result<Option<bool>, Limit> {
        let plan = self.plan;
        loop {
            let Pair { member, object, rows, step, .. } = self.frame().pair;
            let planned = plan.member(member);
            let step = &planned.steps[step as usize];
            let outcome = match answer.take() {
                Some(holds) => self.resume(step, holds)?,
                None => match self.at_once(step, planned, object, rows)? {
                    Some(holds) => Some(holds),
                    None => self.begin(step, object)?,
                },
            };
            let Some(holds) = outcome else { return Ok(None) };
            match if holds { step.yes } else { step.no } {
                YES => return Ok(Some(true)),
                NO => return Ok(Some(false)),
                next => self.frame().pair.step = next,
            }
        }
    }

    fn frame(&mut self) -> &mut Frame<'s> {
        self.frames.last_mut().expect("a step is taken inside a frame")
    }

    fn begin(&mut self, step: &'s Step, object: Found<'s>) -> Result<Option<bool>, Limit> {
        self.frame().begin_step();
        match &step.test {
            Test::Own => Ok(Some(false)),
            Test::Call(called) => {
                let share = self.share_of(step)?;
                self.enter(*called, object, share)
            }
            Test::Walk { kind, legs } => self.walk(*kind, legs, step),
            Test::Stored { relation, .. } => self.usersets(*relation),
        }
    }

    fn resume(&mut self, step: &'s Step, holds: bool) -> Result<Option<bool>, Limit> {
        match &step.test {
            Test::Own | Test::Call(_) => Ok(Some(holds)),
            Test::Walk { kind: ArrowKind::Plain | ArrowKind::Any, .. } | Test::Stored { .. } if holds => Ok(Some(true)),
            Test::Walk { kind: ArrowKind::All, .. } if !holds => Ok(Some(false)),
            Test::Walk { kind, legs } => self.walk(*kind, legs, step),
            Test::Stored { relation, .. } => self.usersets(*relation),
        }
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
                self.hop = Some(Hop { member, object: userset, share: Share::Part });
                return Ok(None);
            } else if let Some(leg) = stored.usersets.get(settled + frame.leg as usize) {
                let object = frame.pair.object;
                let row = self.row(leg.table, object);
                self.frame().load(row.list());
            } else {
                return Ok(Some(false));
            }
        }
    }

    /// Goes on through the objects that an arrow leads to.
    fn walk(&mut self, kind: ArrowKind, legs: &'s [WalkLeg], step: &'s Step) -> Result<Option<bool>, Limit> {
        let settles = kind != ArrowKind::All;
        loop {
            let frame = self.frame();
            if let Some(object) = frame.next() {
                frame.found = true;
                let is_last = settles && frame.leg as usize == legs.len() && frame.is_at_end();
                let target = legs[frame.leg as usize - 1].target;
                self.spend(1)?;
                if let Some(member) = target {
                    let share = if is_last { self.share_of(step)? } else { Share::Part };
                    self.hop = Some(Hop { member, object, share });
                    return Ok(None);
                }
                if !settles {
                    return Ok(Some(false));
                }
            } else if let Some(leg) = legs.get(frame.leg as usize) {
                let object = frame.pair.object;
                let row = self.row(leg.table, object);
                self.frame().load(row.list());
            } else {
                return Ok(Some(!settles && frame.found));
            }
        }
    }

    /// A step is the whole answer if its yes leads to a yes and its no to a no, at once or through what the rows said.
    #[inline]
    fn share_of(&mut self, step: &'s Step) -> Result<Share, Limit> {
        let Pair { member, object, rows, .. } = self.frame().pair;
        let planned = self.plan.member(member);
        let is_whole = self.steps_from(step.no, planned, object, rows)? == NO
            && self.steps_from(step.yes, planned, object, rows)? == YES;
        Ok(if is_whole { Share::Whole } else { Share::Part })
    }

    /// The first step from one on that the rows do not settle, or [`YES`] or [`NO`].
    #[inline]
    fn steps_from(
        &mut self,
        mut step: u32,
        planned: &'s PlannedMember,
        object: Found<'s>,
        rows: RowsRead,
    ) -> Result<u32, Limit> {
        while step < NO {
            let next = &planned.steps[step as usize];
            let Some(holds) = self.at_once(next, planned, object, rows)? else { break };
            step = if holds { next.yes } else { next.no };
        }
        Ok(step)
    }

    /// The rows of an object that the member is asked of.
    #[inline]
    fn found(&self, member: u32, number: u32) -> Found<'s> {
        let record = self.snapshot.base.record(self.plan.member(member).object_type, number);
        Found { number, record }
    }

    #[inline]
    fn row(&self, table: u32, object: Found<'s>) -> Row<'s> {
        self.snapshot.row_in(object.record, table, object.number)
    }

    fn is_subject(&self, member: u32, object: u32) -> bool {
        self.subject.member == Some(member) && self.subject.object == object
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
