//! Many questions at once, in lock step, so that they wait for memory together.
//!
//! Answering one question at ten million relationships is mostly waiting for memory. So a batch takes each step with all its
//! questions, asking for the cache lines that the next step reads, and a search pauses wherever it goes to another object
//! (as in Kocberber et al., "Asynchronous Memory Access Chaining", PVLDB 2015).

use super::evaluate::{Search, Subject};
use super::objects::{Found, Objects, Probe};
use super::rows::Rows;
use super::snapshot::{Names, Snapshot};
use crate::check::{Answer, Budget, CheckError, CheckRequest};

/// Questions in lock step. Enough to hide the memory's latency, few enough that what was asked for is still near when used.
const LANES: usize = 16;

/// Of a type that came after the base.
static NO_OBJECTS: Objects = Objects::EMPTY;

/// One question whose objects are looked for in the base.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane<'s> {
    pub(super) names: Names,
    resources: &'s Objects,
    subjects: &'s Objects,
    resource_probe: Probe,
    subject_probe: Probe,
}

impl<'s> Lane<'s> {
    #[inline]
    pub(super) fn prefetch_found(&self) {
        self.resources.prefetch_found(self.resource_probe);
        self.subjects.prefetch_found(self.subject_probe);
    }

    #[inline]
    pub(super) fn resource_in_base(&self, id: &str) -> Option<Found<'s>> {
        self.resources.found(self.resource_probe, id)
    }

    #[inline]
    pub(super) fn subject_in_base(&self, id: &str) -> Option<Found<'s>> {
        self.subjects.found(self.subject_probe, id)
    }
}

impl Snapshot {
    /// Answers many questions at this revision, in their order, each as [`check`](Self::check) would. The budget is that
    /// of each.
    ///
    /// # Errors
    ///
    /// Each question has its own; one that fails leaves the others alone.
    pub fn check_many(&self, requests: &[CheckRequest<'_>], budget: &Budget) -> Vec<Result<Answer, CheckError>> {
        let lanes = requests.len().min(LANES);
        let mut searches: Vec<Search<'_>> = (0..lanes).map(|_| Search::new(self, &self.plan, *budget)).collect();
        let mut answers = Vec::with_capacity(requests.len());
        for requests in requests.chunks(LANES) {
            self.in_step(&mut searches, requests, budget, &mut answers);
        }
        answers
    }

    /// Nothing for a question that is wrong or goes to the plain evaluator.
    #[inline]
    pub(super) fn lane(&self, request: &CheckRequest<'_>) -> Option<Lane<'_>> {
        let names = self.names(request)?;
        if self.plan.member(names.member).is_risky {
            return None;
        }
        let objects = |object_type: u32| self.base.objects.get(object_type as usize).unwrap_or(&NO_OBJECTS);
        let (resources, subjects) = (objects(names.resource_type), objects(names.subject_type));
        let resource_probe = resources.probe(request.resource.object_id());
        let subject_probe = subjects.probe(request.subject.object().object_id());
        resources.prefetch_bucket(resource_probe);
        subjects.prefetch_bucket(subject_probe);
        Some(Lane { names, resources, subjects, resource_probe, subject_probe })
    }

    /// Answers up to as many questions as there are lanes.
    fn in_step<'s>(
        &'s self,
        searches: &mut [Search<'s>],
        requests: &[CheckRequest<'_>],
        budget: &Budget,
        answers: &mut Vec<Result<Answer, CheckError>>,
    ) {
        let mut lanes = [None; LANES];
        for (lane, request) in lanes.iter_mut().zip(requests) {
            *lane = self.lane(request);
        }
        lanes.iter().flatten().for_each(Lane::prefetch_found);
        let mut ends = [None; LANES];
        for ((ends, lane), request) in ends.iter_mut().zip(&lanes).zip(requests) {
            *ends = lane.map(|lane| (lane.names.member, self.ends(&lane, request)));
        }
        for prefetch in [Rows::prefetch_start, Rows::prefetch_entries] {
            for (_, (_, Subject { object_type, object, .. })) in ends.iter().flatten() {
                self.prefetch_groups(*object_type, *object, prefetch);
            }
        }
        let mut found = [const { None }; LANES];
        for ((search, found), ends) in searches.iter_mut().zip(&mut found).zip(&ends) {
            let Some((member, (object, subject))) = ends else { continue };
            *found = search.start(*member, *object, *subject).transpose();
            search.prefetch(Objects::prefetch_start);
        }
        go_on(searches, &mut found, |lane| ends[lane].is_some());
        for ((found, ends), request) in found.into_iter().zip(&ends).zip(requests) {
            let answer = found.filter(|_| ends.is_some()).map(|holds| holds.map(Answer::of));
            answers.push(answer.unwrap_or_else(|| self.check_apart(request, budget)));
        }
    }
}

/// Goes on with all searches that have not found their answer, one object at a time.
fn go_on(searches: &mut [Search<'_>], found: &mut [Option<Result<bool, CheckError>>], is_used: impl Fn(usize) -> bool) {
    let is_waiting = |(lane, found): (usize, &Option<_>)| (found.is_none() && is_used(lane)).then_some(1_u32 << lane);
    let mut waiting = found.iter().enumerate().filter_map(is_waiting).fold(0, |all, one| all | one);
    while waiting != 0 {
        each(waiting, |lane| searches[lane].prefetch(Objects::prefetch_record));
        each(waiting, |lane| {
            found[lane] = searches[lane].go_on().transpose();
            match found[lane] {
                None => searches[lane].prefetch(Objects::prefetch_start),
                Some(_) => waiting &= !(1 << lane),
            }
        });
    }
}

/// Calls `visit` with the place of each bit.
#[inline]
fn each(mut bits: u32, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}
