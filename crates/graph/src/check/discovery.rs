//! Writes down the formulas of every node that a question can depend on.

use std::collections::HashMap;
use std::fmt;

use super::formula::Formula;
use super::{Budget, CheckError, CheckRequest, Limit};
use crate::relationship::{ObjectRef, SubjectRef};
use crate::relationships::RelationshipSet;
use crate::schema::{ArrowKind, Expression, Member, Schema};

/// The number of the node that was asked about.
pub(super) const ROOT: usize = 0;

/// A relation or permission of an object: for the subject of the question a yes or a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node<'a> {
    object: &'a ObjectRef,
    member: &'a str,
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.object, self.member)
    }
}

/// Equations, one per node, in the order of the nodes' numbers.
#[derive(Debug)]
pub(super) struct System<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) formulas: Vec<Formula>,
    /// The nodes that each node's formula mentions.
    pub(super) successors: Vec<Vec<usize>>,
    /// The mentions that stand on the right side of an exclusion, however deep.
    pub(super) negated: Vec<(usize, usize)>,
}

/// The equations of everything the request can depend on.
pub(super) fn discover<'a>(
    schema: &'a Schema,
    relationships: &'a RelationshipSet,
    request: &CheckRequest<'a>,
    budget: &Budget,
) -> Result<System<'a>, CheckError> {
    let mut discovery = Discovery {
        schema,
        relationships,
        subject: request.subject,
        budget,
        numbers: HashMap::new(),
        edges_seen: 0,
        system: System { nodes: Vec::new(), formulas: Vec::new(), successors: Vec::new(), negated: Vec::new() },
    };
    discovery.number(Node { object: request.resource, member: request.permission })?;
    // Writing a formula numbers the nodes it mentions, so the list grows in front of this loop until nothing is new.
    let mut next = ROOT;
    while let Some(node) = discovery.system.nodes.get(next).copied() {
        let formula = discovery.formula(next, node)?;
        discovery.system.formulas.push(formula);
        next += 1;
    }
    Ok(discovery.system)
}

struct Discovery<'a, 'b> {
    schema: &'a Schema,
    relationships: &'a RelationshipSet,
    subject: &'a SubjectRef,
    budget: &'b Budget,
    numbers: HashMap<Node<'a>, usize>,
    edges_seen: usize,
    system: System<'a>,
}

/// Where in which formula a mention stands.
#[derive(Clone, Copy)]
struct Spot<'a> {
    node: usize,
    object: &'a ObjectRef,
    negated: bool,
}

impl<'a> Discovery<'a, '_> {
    fn formula(&mut self, number: usize, node: Node<'a>) -> Result<Formula, CheckError> {
        if self.subject.object() == node.object && self.subject.relation() == Some(node.member) {
            return Ok(Formula::True);
        }
        let spot = Spot { node: number, object: node.object, negated: false };
        match self.schema.member(node.object.object_type(), node.member) {
            Some(Member::Relation(_)) => self.stored(spot, node.member),
            Some(Member::Permission(permission)) => self.computed(spot, permission.expression()),
            None => Ok(Formula::False),
        }
    }

    /// A relation: the subject itself, a wildcard that covers it, or a userset it may be in.
    fn stored(&mut self, spot: Spot<'a>, relation: &str) -> Result<Formula, CheckError> {
        let mut any = Vec::new();
        for stored in self.relationships.subjects(spot.object, relation) {
            self.spend_edge()?;
            if stored == self.subject || self.is_covered_by(stored) {
                any.push(Formula::True);
            } else if let Some(member) = stored.relation() {
                any.push(self.mention(spot, Node { object: stored.object(), member })?);
            }
        }
        Ok(Formula::Any(any))
    }

    fn is_covered_by(&self, stored: &SubjectRef) -> bool {
        stored.is_wildcard()
            && self.subject.relation().is_none()
            && stored.object().object_type() == self.subject.object().object_type()
    }

    fn computed(&mut self, spot: Spot<'a>, expression: &'a Expression) -> Result<Formula, CheckError> {
        match expression {
            Expression::Nil => Ok(Formula::False),
            Expression::Own => {
                let own = self.subject.relation().is_none() && self.subject.object() == spot.object;
                Ok(if own { Formula::True } else { Formula::False })
            }
            Expression::Member(member) => self.mention(spot, Node { object: spot.object, member }),
            Expression::Arrow { relation, kind, target } => self.walked(spot, relation, *kind, target),
            Expression::Union(operands) => Ok(Formula::Any(self.all_computed(spot, operands)?)),
            Expression::Intersection(operands) => Ok(Formula::All(self.all_computed(spot, operands)?)),
            Expression::Exclusion(operands) => {
                let (first, others) = operands.split_first().expect("an exclusion has two operands or more");
                let mut all = vec![self.computed(spot, first)?];
                all.extend(self.all_computed(Spot { negated: true, ..spot }, others)?);
                Ok(Formula::Except(all))
            }
        }
    }

    fn all_computed(&mut self, spot: Spot<'a>, operands: &'a [Expression]) -> Result<Vec<Formula>, CheckError> {
        operands.iter().map(|operand| self.computed(spot, operand)).collect()
    }

    /// An arrow: the target on the objects that the relation leads to, whatever the relation of the subjects stored.
    fn walked(
        &mut self,
        spot: Spot<'a>,
        relation: &str,
        kind: ArrowKind,
        target: &'a str,
    ) -> Result<Formula, CheckError> {
        let mut found = Vec::new();
        let mut lacking = false;
        for stored in self.relationships.subjects(spot.object, relation) {
            self.spend_edge()?;
            let object = stored.object();
            if object.is_wildcard() || self.schema.member(object.object_type(), target).is_none() {
                lacking = true;
            } else {
                found.push(self.mention(spot, Node { object, member: target })?);
            }
        }
        if lacking && kind == ArrowKind::All {
            found.push(Formula::False);
        }
        Ok(match kind {
            ArrowKind::Plain | ArrowKind::Any => Formula::Any(found),
            ArrowKind::All if found.is_empty() => Formula::False,
            ArrowKind::All => Formula::All(found),
        })
    }

    fn mention(&mut self, spot: Spot<'a>, node: Node<'a>) -> Result<Formula, CheckError> {
        self.spend_edge()?;
        let number = self.number(node)?;
        self.system.successors[spot.node].push(number);
        if spot.negated {
            self.system.negated.push((spot.node, number));
        }
        Ok(Formula::Node(number))
    }

    fn number(&mut self, node: Node<'a>) -> Result<usize, CheckError> {
        if let Some(number) = self.numbers.get(&node) {
            return Ok(*number);
        }
        let number = self.system.nodes.len();
        if number == self.budget.nodes_max {
            return Err(CheckError::BudgetExhausted { limit: Limit::Nodes, max: self.budget.nodes_max });
        }
        self.system.nodes.push(node);
        self.system.successors.push(Vec::new());
        self.numbers.insert(node, number);
        Ok(number)
    }

    fn spend_edge(&mut self) -> Result<(), CheckError> {
        if self.edges_seen == self.budget.edges_max {
            return Err(CheckError::BudgetExhausted { limit: Limit::Edges, max: self.budget.edges_max });
        }
        self.edges_seen += 1;
        Ok(())
    }
}
