//! Many questions at once: what they need from memory is asked for together, then each is answered.
//!
//! Answering one question at ten million relationships is mostly waiting for memory. So a batch goes through the first
//! steps of all its questions in lock step, each step asking for the cache lines that the next one reads.

use super::evaluate::Search;
use super::plan::Leg;
use super::rows::Rows;
use super::snapshot::{Names, Snapshot};
use super::strings::{Probe, Strings};
use crate::check::{Answer, Budget, CheckError, CheckRequest};

/// Questions in lock step. Enough to hide the memory's latency, few enough that what was asked for is still near when used.
const LANES: usize = 16;

/// Arrows that a batch follows ahead of its walks.
const LEVELS: usize = 5;

/// One question on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    names: Names,
    resource_probe: Probe,
    subject_probe: Probe,
    resource: Option<u32>,
    subject: Option<u32>,
}

impl Snapshot {
    /// Answers many questions at this revision, in their order, each as [`check`](Self::check) would. The budget is that
    /// of each.
    ///
    /// # Errors
    ///
    /// Each question has its own; one that fails leaves the others alone.
    pub fn check_many(&self, requests: &[CheckRequest<'_>], budget: &Budget) -> Vec<Result<Answer, CheckError>> {
        let mut search = Search::new(self, &self.plan, *budget);
        let mut answers = Vec::with_capacity(requests.len());
        for requests in requests.chunks(LANES) {
            self.in_step(&mut [None; LANES], &mut search, requests, budget, |answer| answers.push(answer));
        }
        answers
    }

    /// Answers as many questions as there are lanes, or fewer. Even one gains from it: its object and its subject are found
    /// together, and its rows are asked for before the first is waited for.
    pub(super) fn in_step(
        &self,
        lanes: &mut [Option<Lane>],
        search: &mut Search<'_>,
        requests: &[CheckRequest<'_>],
        budget: &Budget,
        mut answered: impl FnMut(Result<Answer, CheckError>),
    ) {
        for (lane, request) in lanes.iter_mut().zip(requests) {
            *lane = self.lane(request);
        }
        self.resolve(lanes, requests);
        self.approach(lanes);
        for (lane, request) in lanes.iter().zip(requests) {
            answered(match lane {
                Some(lane) => self.walked(search, lane.names, request, lane.resource, lane.subject),
                None => self.answer(search, request, budget),
            });
        }
    }

    /// Nothing for a question that is wrong or goes to the plain evaluator.
    fn lane(&self, request: &CheckRequest<'_>) -> Option<Lane> {
        let names = self.names(request)?;
        if self.plan.member(names.member).is_risky {
            return None;
        }
        let (resources, subjects) = (self.strings(names.resource_type)?, self.strings(names.subject_type)?);
        let resource_probe = resources.probe(request.resource.object_id());
        let subject_probe = subjects.probe(request.subject.object().object_id());
        resources.prefetch_bucket(resource_probe);
        subjects.prefetch_bucket(subject_probe);
        Some(Lane { names, resource_probe, subject_probe, resource: None, subject: None })
    }

    fn strings(&self, object_type: u32) -> Option<&Strings> {
        self.base.strings.get(object_type as usize)
    }

    /// Finds the numbers of all objects.
    fn resolve(&self, lanes: &mut [Option<Lane>], requests: &[CheckRequest<'_>]) {
        for prefetch in [Strings::prefetch_block, Strings::prefetch_text] {
            for lane in lanes.iter().flatten() {
                self.strings(lane.names.resource_type).into_iter().for_each(|all| prefetch(all, lane.resource_probe));
                self.strings(lane.names.subject_type).into_iter().for_each(|all| prefetch(all, lane.subject_probe));
            }
        }
        let seed = self.options.hash_seed;
        for (lane, request) in lanes.iter_mut().zip(requests) {
            let Some(lane) = lane else { continue };
            let find = |object_type: u32, probe: Probe, text: &str| {
                let in_base = self.strings(object_type).and_then(|strings| strings.found(probe, text));
                in_base.or_else(|| self.delta.id(seed, object_type, text))
            };
            let Names { resource_type, subject_type, .. } = lane.names;
            lane.resource = find(resource_type, lane.resource_probe, request.resource.object_id());
            lane.subject = find(subject_type, lane.subject_probe, request.subject.object().object_id());
            self.near(lane, Rows::prefetch_word);
        }
    }

    /// Brings near the rows that the walks begin with, and in a batch those that the first arrow leads to, level by level.
    fn approach(&self, lanes: &[Option<Lane>]) {
        for prefetch in [Rows::prefetch_start, Rows::prefetch_entries] {
            lanes.iter().flatten().for_each(|lane| self.near(lane, prefetch));
        }
        let levels = if lanes.len() == 1 { 1 } else { LEVELS };
        let mut ahead = [None; LANES];
        for (ahead, lane) in ahead.iter_mut().zip(lanes) {
            *ahead = lane.and_then(|lane| Some((lane.names.member, lane.resource?)));
        }
        for _ in 0..levels {
            for ahead in ahead.iter_mut() {
                *ahead = ahead.and_then(|(member, object)| self.beyond(member, object));
            }
            for prefetch in [Rows::prefetch_word, Rows::prefetch_start, Rows::prefetch_entries] {
                for (member, object) in ahead.iter().flatten() {
                    for table in &self.plan.member(*member).near {
                        let table = self.base.tables.get(*table as usize);
                        table.into_iter().for_each(|table| prefetch(&table.forward, *object));
                    }
                }
            }
        }
    }

    /// The first object that an arrow of the member leads to, and what is asked there.
    fn beyond(&self, member: u32, object: u32) -> Option<(u32, u32)> {
        let legs = self.plan.member(member).far.iter();
        legs.filter_map(|leg| Some((leg.member, *self.base.forward(leg.table, object).first()?))).next()
    }

    fn near(&self, lane: &Lane, prefetch: impl Fn(&Rows, u32)) {
        let tables = &self.base.tables;
        if let Some(resource) = lane.resource {
            for table in &self.plan.member(lane.names.member).near {
                tables.get(*table as usize).into_iter().for_each(|table| prefetch(&table.forward, resource));
            }
        }
        if let Some(subject) = lane.subject {
            for Leg { table, .. } in &self.plan.joins[lane.names.subject_type as usize] {
                tables.get(*table as usize).into_iter().for_each(|table| prefetch(&table.reverse, subject));
            }
        }
    }
}
