//! A second evaluator that shares no idea with the first: the whole universe, tables of booleans, and iteration by strata.
//!
//! It numbers every object with every relation and permission, finds what reaches what by squaring the table, gives each
//! node a stratum above all it excludes, and then repeats "look at every node" until nothing changes.

use graph::{Answer, ArrowKind, Expression, Member, ObjectRef, Relationship, Schema, SubjectRef};

/// The whole universe as one subject sees it.
pub(crate) struct BruteForce<'w> {
    schema: &'w Schema,
    relationships: &'w [Relationship],
    subject: &'w SubjectRef,
    nodes: Vec<(ObjectRef, String)>,
}

impl<'w> BruteForce<'w> {
    pub(crate) fn new(
        schema: &'w Schema,
        relationships: &'w [Relationship],
        subject: &'w SubjectRef,
        nodes: Vec<(ObjectRef, String)>,
    ) -> Self {
        Self { schema, relationships, subject, nodes }
    }

    /// The answer for every node, or nothing where it can reach a cycle through an exclusion.
    pub(crate) fn answers(&self) -> Vec<Option<Answer>> {
        let count = self.nodes.len();
        let mut edges = Vec::new();
        for from in 0..count {
            self.depends(from, &mut |to, negated| edges.push((from, to, negated)));
        }
        let reaches = closed(count, &edges);
        let poisoned: Vec<bool> = (0..count)
            .map(|root| edges.iter().any(|(from, to, negated)| *negated && reaches[root][*from] && reaches[*to][*from]))
            .collect();

        let mut stratum = vec![0; count];
        let mut changed = true;
        while changed {
            changed = false;
            for (from, to, negated) in edges.iter().filter(|(from, _, _)| !poisoned[*from]) {
                let least = stratum[*to] + usize::from(*negated);
                changed |= stratum[*from] < least;
                stratum[*from] = stratum[*from].max(least);
            }
        }

        let mut holds = vec![false; count];
        for level in 0..=count {
            let mut changed = true;
            while changed {
                changed = false;
                for node in (0..count).filter(|node| stratum[*node] == level && !poisoned[*node]) {
                    let now = self.holds(node, &holds);
                    changed |= now != holds[node];
                    holds[node] = now;
                }
            }
        }
        let answer = |node: usize| if holds[node] { Answer::Has } else { Answer::No };
        (0..count).map(|node| (!poisoned[node]).then(|| answer(node))).collect()
    }

    fn number(&self, object: &ObjectRef, member: &str) -> Option<usize> {
        self.nodes.iter().position(|(known, name)| known == object && name == member)
    }

    fn is_subject(&self, node: usize) -> bool {
        let (object, member) = &self.nodes[node];
        self.subject.object() == object && self.subject.relation() == Some(member)
    }

    fn stored(&self, object: &ObjectRef, relation: &str) -> Vec<&SubjectRef> {
        let found = self.relationships.iter().filter(|one| one.resource() == object && one.relation() == relation);
        found.map(Relationship::subject).collect()
    }

    fn depends(&self, node: usize, edge: &mut dyn FnMut(usize, bool)) {
        if self.is_subject(node) {
            return;
        }
        let (object, member) = &self.nodes[node];
        match self.schema.member(object.object_type(), member).expect("a node of the universe") {
            Member::Relation(_) => {
                for userset in self.stored(object, member).into_iter().filter(|subject| *subject != self.subject) {
                    let target = userset.relation().and_then(|relation| self.number(userset.object(), relation));
                    target.into_iter().for_each(|target| edge(target, false));
                }
            }
            Member::Permission(permission) => self.mentions(object, permission.expression(), false, edge),
        }
    }

    fn mentions(&self, object: &ObjectRef, expression: &Expression, negated: bool, edge: &mut dyn FnMut(usize, bool)) {
        match expression {
            Expression::Nil | Expression::Own => {}
            Expression::Member(name) => edge(self.number(object, name).expect("the universe is whole"), negated),
            Expression::Arrow { relation, target, .. } => {
                let found = self.stored(object, relation).into_iter();
                found.filter_map(|one| self.number(one.object(), target)).for_each(|number| edge(number, negated));
            }
            Expression::Union(all) | Expression::Intersection(all) => {
                all.iter().for_each(|operand| self.mentions(object, operand, negated, edge));
            }
            Expression::Exclusion(all) => {
                self.mentions(object, &all[0], negated, edge);
                all[1..].iter().for_each(|operand| self.mentions(object, operand, true, edge));
            }
        }
    }

    fn holds(&self, node: usize, known: &[bool]) -> bool {
        let (object, member) = &self.nodes[node];
        self.is_subject(node)
            || match self.schema.member(object.object_type(), member).expect("a node of the universe") {
                Member::Relation(_) => {
                    self.stored(object, member).into_iter().any(|subject| self.covers(subject, known))
                }
                Member::Permission(permission) => self.computed(object, permission.expression(), known),
            }
    }

    fn covers(&self, stored: &SubjectRef, known: &[bool]) -> bool {
        if stored.is_wildcard() {
            let same_type = stored.object().object_type() == self.subject.object().object_type();
            return same_type && self.subject.relation().is_none();
        }
        let userset = stored.relation().and_then(|relation| self.number(stored.object(), relation));
        stored == self.subject || userset.is_some_and(|node| known[node])
    }

    fn computed(&self, object: &ObjectRef, expression: &Expression, known: &[bool]) -> bool {
        match expression {
            Expression::Nil => false,
            Expression::Own => *self.subject == SubjectRef::object_itself(object.clone()),
            Expression::Member(name) => known[self.number(object, name).expect("the universe is whole")],
            Expression::Arrow { relation, kind, target } => {
                let found: Vec<bool> = self
                    .stored(object, relation)
                    .into_iter()
                    .map(|one| self.number(one.object(), target).is_some_and(|node| known[node]))
                    .collect();
                match kind {
                    ArrowKind::Plain | ArrowKind::Any => found.contains(&true),
                    ArrowKind::All => !found.is_empty() && !found.contains(&false),
                }
            }
            Expression::Union(all) => all.iter().any(|operand| self.computed(object, operand, known)),
            Expression::Intersection(all) => all.iter().all(|operand| self.computed(object, operand, known)),
            Expression::Exclusion(all) => {
                self.computed(object, &all[0], known)
                    && !all[1..].iter().any(|operand| self.computed(object, operand, known))
            }
        }
    }
}

/// What reaches what, each node itself included.
fn closed(count: usize, edges: &[(usize, usize, bool)]) -> Vec<Vec<bool>> {
    let mut reaches: Vec<Vec<bool>> = (0..count).map(|from| (0..count).map(|to| from == to).collect()).collect();
    edges.iter().for_each(|(from, to, _)| reaches[*from][*to] = true);
    for middle in 0..count {
        let row = reaches[middle].clone();
        for from in (0..count).filter(|from| *from != middle) {
            if reaches[from][middle] {
                reaches[from].iter_mut().zip(&row).for_each(|(known, more)| *known |= more);
            }
        }
    }
    reaches
}
