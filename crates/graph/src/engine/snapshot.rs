//! The graph at one revision, and questions to it.

use std::sync::Arc;

use super::base::Base;
use super::batch::Lane;
use super::catalog::{Catalog, TableKind};
use super::closure::Closure;
use super::delta::{Delta, Row};
use super::evaluate::{Search, Subject};
use super::load::{key_of, known_key_of};
use super::objects::{Found, Objects};
use super::plan::Plan;
use super::record::Record;
use super::rows::Rows;
use super::{EngineError, EngineOptions, Memory, plain};
use crate::check::{Answer, Budget, CheckError, CheckRequest, check};
use crate::relationships::{Change, RelationshipSet, RevisionError};
use crate::schema::Schema;

/// The graph as it was at one revision. It never changes, so whoever holds it reads without a lock and sees one revision
/// however long it takes; a later snapshot shares with it all that did not change.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) options: EngineOptions,
    pub(super) revision: u64,
    pub(super) plan: Arc<Plan>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) base: Arc<Base>,
    pub(super) base_relationships: usize,
    pub(super) delta: Delta,
    closure_is_current: bool,
}

/// An object that occurs nowhere, as a resource. Rows of it are empty.
const UNKNOWN_RESOURCE: u32 = u32::MAX;
/// An object that occurs nowhere, as a subject.
const UNKNOWN_SUBJECT: u32 = u32::MAX - 1;

/// A question whose names are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) resource_type: u32,
    pub(super) member: u32,
    pub(super) subject_type: u32,
    pub(super) subject_member: Option<u32>,
}

impl Snapshot {
    pub(super) fn new(
        options: EngineOptions,
        revision: u64,
        plan: Arc<Plan>,
        catalog: Arc<Catalog>,
        base: Arc<Base>,
    ) -> Self {
        let base_relationships = base.relationships();
        let delta = Delta::default();
        let mut snapshot =
            Self { options, revision, plan, catalog, base, base_relationships, delta, closure_is_current: false };
        snapshot.judge_closure();
        snapshot
    }

    /// The revision that this is the graph of.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The schema in force at that revision.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.plan.schema
    }

    /// How many relationships there are.
    pub fn relationships(&self) -> usize {
        self.base_relationships + self.delta.added - self.delta.removed
    }

    /// How many objects have a number; one that lost its last relationship keeps it until the next merge.
    pub fn ids(&self) -> usize {
        self.base.ids_total() + self.delta.ids
    }

    /// How many relationships differ from the base: what the next merge would fold in.
    pub fn delta_relationships(&self) -> usize {
        self.delta.added + self.delta.removed
    }

    /// Whether both hold the same base: then only one of them keeps it in memory.
    pub fn shares_base_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// What this snapshot takes. Walks the delta, so it takes as long as that is large.
    pub fn memory(&self) -> Memory {
        let rows: usize = self.base.objects.iter().map(Objects::row_bytes).sum();
        let reverse: usize = self.base.tables.iter().map(|table| table.reverse.bytes()).sum();
        Memory {
            edges_bytes: rows + reverse,
            strings_bytes: self.base.objects.iter().map(Objects::text_bytes).sum(),
            closure_bytes: self.base.closure.bytes(),
            delta_bytes: self.delta.bytes(),
        }
    }

    /// Answers one question, as [`check()`] would on the same relationships under the same schema.
    ///
    /// The one difference is what a budget buys: this looks only until the answer is known, so it may have an answer where
    /// [`check()`] runs out. `nodes_max` bounds the pairs of object and member that have to be worked out, `edges_max` the
    /// entries looked at.
    ///
    /// # Errors
    ///
    /// Those of [`check()`].
    pub fn check(&self, request: &CheckRequest<'_>, budget: &Budget) -> Result<Answer, CheckError> {
        let Some(lane) = self.lane(request) else { return self.check_apart(request, budget) };
        lane.prefetch_found();
        let (object, subject) = self.ends(&lane, request);
        let holds = Search::new(self, &self.plan, *budget).run(lane.names.member, object, subject)?;
        Ok(Answer::of(holds))
    }

    /// Answers a question that is wrong, or that only the plain evaluator may answer.
    pub(super) fn check_apart(&self, request: &CheckRequest<'_>, budget: &Budget) -> Result<Answer, CheckError> {
        if self.names(request).is_some() {
            return plain::check(self, request, budget);
        }
        // Only what is wrong with the question is wanted, and that does not depend on what is stored.
        check(&self.plan.schema, &RelationshipSet::new(), request, budget)
    }

    /// The resource and the subject of a question. The subject comes first: its groups are asked for while the resource is
    /// waited for.
    pub(super) fn ends<'s>(&'s self, lane: &Lane<'s>, request: &CheckRequest<'_>) -> (Found<'s>, Subject) {
        let Names { resource_type, subject_type, subject_member, .. } = lane.names;
        let text = request.subject.object().object_id();
        let subject = lane.subject_in_base(text).or_else(|| self.find_new(subject_type, text));
        if let Some(subject) = subject {
            self.prefetch_groups(subject_type, subject.number, Rows::prefetch_word);
        }
        let text = request.resource.object_id();
        let object = lane.resource_in_base(text).or_else(|| self.find_new(resource_type, text));
        let is_same = subject.is_none() && request.resource == request.subject.object();
        let unknown = if is_same { UNKNOWN_RESOURCE } else { UNKNOWN_SUBJECT };
        let subject = Subject {
            object_type: subject_type,
            object: subject.map_or(unknown, |subject| subject.number),
            member: subject_member,
        };
        (object.unwrap_or(Found { number: UNKNOWN_RESOURCE, record: Record::EMPTY }), subject)
    }

    /// Brings near what says which groups a subject is in.
    #[inline]
    pub(super) fn prefetch_groups(&self, subject_type: u32, subject: u32, prefetch: impl Fn(&Rows, u32)) {
        self.base.closure.prefetch(subject_type, subject, prefetch);
    }

    /// The numbers of the question's names; nothing if the question is wrong.
    pub(super) fn names(&self, request: &CheckRequest<'_>) -> Option<Names> {
        if request.resource.is_wildcard() || request.subject.is_wildcard() {
            return None;
        }
        let resource_type = self.plan.object_type(request.resource.object_type())?;
        let member = resource_type.member(request.permission)?;
        let subject_type = self.plan.object_type(request.subject.object().object_type())?;
        let subject_member = match request.subject.relation() {
            Some(relation) => Some(subject_type.member(relation)?),
            None => None,
        };
        let (resource_type, subject_type) = (resource_type.number, subject_type.number);
        Some(Names { resource_type, member, subject_type, subject_member })
    }

    pub(super) fn id(&self, object_type: u32, text: &str) -> Option<u32> {
        self.find(object_type, text).map(|found| found.number)
    }

    fn find(&self, object_type: u32, text: &str) -> Option<Found<'_>> {
        let in_base = self.base.objects.get(object_type as usize).and_then(|objects| objects.find(text));
        in_base.or_else(|| self.find_new(object_type, text))
    }

    /// An object that the base lacks.
    #[inline]
    pub(super) fn find_new(&self, object_type: u32, text: &str) -> Option<Found<'_>> {
        let number = self.delta.id(self.options.hash_seed, object_type, text)?;
        Some(Found { number, record: Record::EMPTY })
    }

    pub(super) fn text(&self, object_type: u32, id: u32) -> &str {
        match self.base.objects.get(object_type as usize) {
            Some(objects) if (id as usize) < objects.len() => objects.text(id),
            Some(_) | None => self.delta.text(object_type, id).expect("every number in a row has a text"),
        }
    }

    #[inline]
    pub(super) fn forward(&self, table: u32, resource: u32) -> Row<'_> {
        Row { base: self.base.forward(table, resource), overlay: self.delta.forward(table, resource) }
    }

    /// The row of an object whose record is at hand.
    #[inline]
    pub(super) fn row_in<'s>(&'s self, record: Record<'s>, table: u32, resource: u32) -> Row<'s> {
        Row { base: record.row(table), overlay: self.delta.forward(table, resource) }
    }

    #[inline]
    pub(super) fn reverse(&self, table: u32, subject: u32) -> Row<'_> {
        Row { base: self.base.reverse(table, subject), overlay: self.delta.reverse(table, subject) }
    }

    /// The closure, unless a group→group edge or the groups themselves changed since it was worked out.
    #[inline]
    pub(super) fn closure(&self) -> Option<&Closure> {
        self.closure_is_current.then_some(&self.base.closure)
    }

    fn judge_closure(&mut self) {
        let groups = self.plan.groups.iter().map(|group| self.plan.member(*group));
        let untouched = groups.flat_map(|group| &group.parents).all(|leg| self.delta.is_untouched(leg.table));
        self.closure_is_current = untouched && self.base.closure.fits(&self.plan);
    }

    /// The next snapshot, after the changes of one revision.
    pub(super) fn changed(&self, revision: u64, changes: &[Change]) -> Result<Self, EngineError> {
        self.check_follows(revision)?;
        let mut next = self.clone();
        next.revision = revision;
        for change in changes {
            match change {
                Change::Touch(relationship) => next.touch(relationship)?,
                Change::Delete(relationship) => next.delete(relationship),
            }
        }
        if next.catalog.tables().len() != self.catalog.tables().len() {
            next.plan = Arc::new(Plan::of(Arc::clone(&next.plan.schema), &next.catalog));
        }
        next.judge_closure();
        Ok(next)
    }

    /// The next snapshot, under another schema.
    pub(super) fn under(&self, revision: u64, schema: Arc<Schema>) -> Result<Self, EngineError> {
        self.check_follows(revision)?;
        let mut next = self.clone();
        next.revision = revision;
        Arc::make_mut(&mut next.catalog).admit(&schema);
        next.plan = Arc::new(Plan::of(schema, &next.catalog));
        next.judge_closure();
        Ok(next)
    }

    fn check_follows(&self, revision: u64) -> Result<(), EngineError> {
        if revision <= self.revision {
            return Err(RevisionError { applied: self.revision, offered: revision }.into());
        }
        Ok(())
    }

    fn touch(&mut self, relationship: &crate::Relationship) -> Result<(), EngineError> {
        let known = known_key_of(&self.catalog, relationship);
        let key = known.unwrap_or_else(|| key_of(Arc::make_mut(&mut self.catalog), relationship));
        let table = match self.catalog.known_table(key) {
            Some(table) => table,
            None => Arc::make_mut(&mut self.catalog).table(key),
        };
        let resource = self.id_or_new(key.resource_type, relationship.resource().object_id())?;
        let subject = match key.kind {
            TableKind::Wildcard => 0,
            TableKind::Plain | TableKind::Userset(_) => {
                self.id_or_new(key.subject_type, relationship.subject().object().object_id())?
            }
        };
        self.delta.set(&self.base, table, resource, subject, true);
        let max = self.options.relationships_max;
        if self.relationships() > max { Err(EngineError::TooManyRelationships { max }) } else { Ok(()) }
    }

    fn delete(&mut self, relationship: &crate::Relationship) {
        let Some(key) = known_key_of(&self.catalog, relationship) else { return };
        let Some(table) = self.catalog.known_table(key) else { return };
        let Some(resource) = self.id(key.resource_type, relationship.resource().object_id()) else { return };
        let subject = match key.kind {
            TableKind::Wildcard => Some(0),
            TableKind::Plain | TableKind::Userset(_) => {
                self.id(key.subject_type, relationship.subject().object().object_id())
            }
        };
        if let Some(subject) = subject {
            self.delta.set(&self.base, table, resource, subject, false);
        }
    }

    fn id_or_new(&mut self, object_type: u32, text: &str) -> Result<u32, EngineError> {
        if let Some(id) = self.id(object_type, text) {
            return Ok(id);
        }
        let max = self.options.ids_max;
        if self.ids() >= max {
            return Err(EngineError::TooManyIds { max });
        }
        Ok(self.delta.add_id(self.options.hash_seed, object_type, self.base.ids(object_type), text))
    }
}
