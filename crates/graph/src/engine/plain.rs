//! Questions that a cycle through a negation could leave without an answer go to the plain evaluator.
//!
//! It is given the relationships that the question can reach, as text, so that its answers, its errors and the cycles it
//! names are the ones it would give on the whole graph.

use std::collections::HashSet;

use super::plan::Test;
use super::snapshot::Snapshot;
use crate::check::{Answer, Budget, CheckError, CheckRequest};
use crate::relationships::RelationshipSet;

/// Answers a question whose names are known.
pub(super) fn check(snapshot: &Snapshot, request: &CheckRequest<'_>, budget: &Budget) -> Result<Answer, CheckError> {
    let reached = reached(snapshot, request, budget);
    crate::check::check(&snapshot.plan.schema, &reached, request, budget)
}

/// The relationships that the plain evaluator would read. Once they are more than the budget allows collecting ends, for
/// reading those alone exhausts it.
fn reached(snapshot: &Snapshot, request: &CheckRequest<'_>, budget: &Budget) -> RelationshipSet {
    let mut reach = Reach { snapshot, set: RelationshipSet::new(), rows: HashSet::new(), waiting: Vec::new() };
    let mut pairs = HashSet::new();
    let root = snapshot.names(request).and_then(|names| {
        let object = snapshot.id(names.resource_type, request.resource.object_id())?;
        Some((names.member, object))
    });
    reach.waiting.extend(root);
    while let Some((member, object)) = reach.waiting.pop() {
        if reach.set.len() > budget.edges_max || pairs.len() > budget.nodes_max {
            break;
        }
        if !pairs.insert((member, object)) {
            continue;
        }
        let planned = snapshot.plan.member(member);
        for step in &planned.steps {
            match &step.test {
                Test::Own => {}
                Test::Call(called) => reach.waiting.push((*called, object)),
                Test::Stored { relation, .. } => reach.stored(*relation, object, budget),
                Test::Walk { legs, .. } => {
                    for leg in legs {
                        let found = reach.row(leg.table, object, budget);
                        reach.waiting.extend(
                            leg.target.into_iter().flat_map(|target| found.iter().map(move |object| (target, *object))),
                        );
                    }
                }
            }
        }
    }
    reach.set
}

struct Reach<'s> {
    snapshot: &'s Snapshot,
    set: RelationshipSet,
    rows: HashSet<(u32, u32)>,
    waiting: Vec<(u32, u32)>,
}

impl Reach<'_> {
    fn stored(&mut self, relation: u32, object: u32, budget: &Budget) {
        let planned = self.snapshot.plan.member(relation);
        let stored = planned.stored.as_ref().expect("only relations have rows");
        for table in &stored.tables {
            let found = self.row(*table, object, budget);
            if let Some(leg) = stored.usersets.iter().find(|leg| leg.table == *table) {
                self.waiting.extend(found.iter().map(|object| (leg.member, *object)));
            }
        }
    }

    /// Adds a row's relationships, the first time, and gives the row.
    fn row(&mut self, table: u32, object: u32, budget: &Budget) -> Vec<u32> {
        let row = self.snapshot.forward(table, object).list();
        let row = row[..row.len().min(budget.edges_max.saturating_add(1))].to_vec();
        if self.rows.insert((table, object)) {
            for subject in &row {
                let relationship = self.snapshot.relationship(table, object, *subject);
                self.set.insert(relationship);
            }
        }
        row
    }
}
