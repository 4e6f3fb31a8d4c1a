//! From a schema and a catalog to a plan.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::catalog::{Catalog, TableKind};
use super::directory::Directory;
use super::{Leg, NO, Plan, PlannedMember, PlannedType, Read, Reading, Step, Stored, Test, WalkLeg, YES, groups, risk};
use crate::schema::{ArrowKind, Expression, Member, Schema};

pub(super) fn plan(schema: Arc<Schema>, catalog: &Catalog) -> Plan {
    let names = Numbers::of(&schema, catalog);
    let mut members = Vec::new();
    for definition in schema.definitions() {
        let object_type = names.object_type(definition.name()).expect("every definition was numbered").number;
        for member in definition.members() {
            // A permission that no stored userset names has no number, and needs none.
            let name = catalog.relations.known(member.name()).unwrap_or(u32::MAX);
            let stored = member.as_relation().map(|_| names.stored(object_type, name));
            members.push(PlannedMember {
                object_type,
                name,
                is_risky: false,
                stored,
                entry: NO,
                steps: Vec::new(),
                parents: Vec::new(),
                reads: Vec::new(),
                read_tables: 0,
            });
        }
    }
    let joins = groups::mark(&mut members, catalog);
    let groups = joins.groups;

    let mut number = 0;
    let mut dependencies = Vec::with_capacity(members.len());
    for definition in schema.definitions() {
        for member in definition.members() {
            let mut writer = Writer::new(&names, &members, definition.name());
            match member {
                Member::Relation(_) => {
                    writer.entry = writer.stored(number, YES, NO);
                }
                Member::Permission(permission) => {
                    writer.entry = writer.expression(permission.expression(), YES, NO);
                    writer.depend(permission.expression(), false);
                }
            }
            let Writer { steps, entry, mut reads, depends, .. } = writer;
            reads.sort_by_key(|read| read.table);
            dependencies.push(depends.into_iter().collect());
            let planned = &mut members[number as usize];
            planned.read_tables = reads.iter().fold(0, |bits, read| bits | 1 << (read.table % 64));
            (planned.steps, planned.entry, planned.reads) = (steps, entry, reads);
            number += 1;
        }
    }
    for (member, is_risky) in members.iter_mut().zip(risk::risky(&dependencies)) {
        member.is_risky = is_risky;
    }
    let Numbers { types, planned: planned_types, .. } = names;
    Plan { schema, types, planned_types, members, groups, joins: joins.by_type }
}

/// The numbers of the schema's names.
struct Numbers<'c> {
    catalog: &'c Catalog,
    types: Directory,
    planned: Vec<PlannedType>,
}

impl<'c> Numbers<'c> {
    fn of(schema: &Schema, catalog: &'c Catalog) -> Self {
        let mut planned = Vec::new();
        let mut next = 0..;
        for definition in schema.definitions() {
            let number = catalog.types.known(definition.name()).expect("the catalog has admitted the schema");
            let names = definition.members().iter().map(|member| member.name().to_owned());
            planned.push(PlannedType { number, members: Directory::of(names.zip(&mut next)) });
        }
        let types = schema.definitions().iter().map(|definition| definition.name().to_owned());
        Self { catalog, types: Directory::of(types.zip(0..)), planned }
    }

    fn object_type(&self, name: &str) -> Option<&PlannedType> {
        self.types.number(name).map(|position| &self.planned[position as usize])
    }

    fn member(&self, object_type: u32, name: &str) -> Option<u32> {
        self.object_type(self.catalog.types.name(object_type))?.member(name)
    }

    /// The relation's tables, with all usersets whose members can exist.
    fn stored(&self, object_type: u32, relation: u32) -> Stored {
        let mut stored = Stored { tables: self.catalog.tables_of(object_type, relation).to_vec(), ..Stored::default() };
        for table in &stored.tables {
            let key = self.catalog.key(*table);
            match key.kind {
                TableKind::Plain => stored.plain.push((*table, key.subject_type)),
                TableKind::Wildcard => stored.wildcards.push((*table, key.subject_type)),
                TableKind::Userset(member) => {
                    let member = self.member(key.subject_type, self.catalog.relations.name(member));
                    stored.usersets.extend(member.map(|member| Leg { table: *table, member }));
                }
            }
        }
        stored
    }
}

/// Writes the steps of one member, the last first, so that every step knows where its answers lead.
struct Writer<'a> {
    names: &'a Numbers<'a>,
    planned: &'a [PlannedMember],
    object_type: &'a PlannedType,
    steps: Vec<Step>,
    entry: u32,
    reads: Vec<Read>,
    /// The relations that have a bit.
    bits: Vec<u32>,
    /// Each once, however often a schema mentions it.
    depends: HashSet<risk::Dependency>,
}

impl<'a> Writer<'a> {
    fn new(names: &'a Numbers<'a>, planned: &'a [PlannedMember], object_type: &str) -> Self {
        let object_type = names.object_type(object_type).expect("every definition was numbered");
        let (steps, reads, bits, depends) = Default::default();
        Self { names, planned, object_type, steps, entry: NO, reads, bits, depends }
    }

    fn step(&mut self, test: Test, yes: u32, no: u32) -> u32 {
        self.steps.push(Step { test, yes, no });
        self.steps.len() as u32 - 1
    }

    /// Writes the expression and says where it begins. The expression's depth is bounded by the parser.
    fn expression(&mut self, expression: &Expression, yes: u32, no: u32) -> u32 {
        match expression {
            Expression::Nil => no,
            Expression::Own => self.step(Test::Own, yes, no),
            Expression::Member(name) => {
                let member = self.own(name);
                if self.planned[member as usize].stored.is_some() {
                    return self.stored(member, yes, no);
                }
                self.step(Test::Call(member), yes, no)
            }
            Expression::Arrow { relation, kind, target } => {
                let legs = self.legs(relation, *kind, target);
                self.step(Test::Walk { kind: *kind, legs }, yes, no)
            }
            Expression::Union(operands) => {
                let cheap_last = self.cheap_last(operands);
                cheap_last.iter().fold(no, |next, operand| self.expression(operand, yes, next))
            }
            Expression::Intersection(operands) => {
                let cheap_last = self.cheap_last(operands);
                cheap_last.iter().fold(yes, |next, operand| self.expression(operand, next, no))
            }
            Expression::Exclusion(operands) => {
                let (first, others) = operands.split_first().expect("an exclusion has two operands or more");
                let cheap_last = self.cheap_last(others);
                let others = cheap_last.iter().fold(yes, |next, operand| self.expression(operand, no, next));
                self.expression(first, others, no)
            }
        }
    }

    /// The order does not change an answer, so what one row settles is asked first, and so written last.
    fn cheap_last<'e>(&self, operands: &'e [Expression]) -> Vec<&'e Expression> {
        let cost = |expression: &Expression| match expression {
            Expression::Nil | Expression::Own => 0,
            Expression::Member(name) => match &self.planned[self.own(name) as usize].stored {
                Some(stored) if stored.usersets.is_empty() => 1,
                Some(stored) if stored.groups == stored.usersets.len() => 2,
                Some(_) => 3,
                None => 4,
            },
            Expression::Arrow { .. } => 5,
            Expression::Union(_) | Expression::Intersection(_) | Expression::Exclusion(_) => 4,
        };
        let mut ordered: Vec<&Expression> = operands.iter().collect();
        ordered.sort_by_key(|operand| cost(operand));
        ordered.reverse();
        ordered
    }

    fn own(&self, name: &str) -> u32 {
        self.object_type.member(name).expect("a checked schema names only what exists")
    }

    fn legs(&self, relation: &str, kind: ArrowKind, target: &str) -> Vec<WalkLeg> {
        let stored = self.planned[self.own(relation) as usize].stored.as_ref().expect("an arrow begins at a relation");
        let legs = stored.tables.iter().map(|table| {
            let key = self.names.catalog.key(*table);
            let target = match key.kind {
                TableKind::Wildcard => None,
                TableKind::Plain | TableKind::Userset(_) => self.names.member(key.subject_type, target),
            };
            WalkLeg { table: *table, target }
        });
        legs.filter(|leg| leg.target.is_some() || kind == ArrowKind::All).collect()
    }

    /// Asks for a relation, and sees to it that its rows are read.
    fn stored(&mut self, relation: u32, yes: u32, no: u32) -> u32 {
        let stored = self.planned[relation as usize].stored.as_ref().expect("a relation is stored");
        self.depends.extend(stored.usersets.iter().map(|leg| risk::Dependency { member: leg.member, negated: false }));
        let known = self.bits.iter().position(|known| *known == relation);
        let position = known.unwrap_or(self.bits.len());
        let bit = if position < u64::BITS as usize { 1 << position } else { 0 };
        if known.is_none() && bit != 0 {
            self.bits.push(relation);
            let plain = stored.plain.iter().map(|(table, of)| (*table, Reading::Plain(*of)));
            let wildcards = stored.wildcards.iter().map(|(table, of)| (*table, Reading::Wildcard(*of)));
            let usersets = stored.usersets.iter().enumerate().map(|(position, leg)| {
                let is_group = position < stored.groups;
                (leg.table, if is_group { Reading::Group(leg.member) } else { Reading::Userset })
            });
            let all = plain.chain(wildcards).chain(usersets);
            self.reads.extend(all.map(|(table, reading)| Read { table, bit, reading }));
        }
        self.step(Test::Stored { relation, bit }, yes, no)
    }

    /// Notes what the expression mentions, and whether it stands on the right of an exclusion.
    fn depend(&mut self, expression: &Expression, negated: bool) {
        match expression {
            Expression::Nil | Expression::Own => {}
            Expression::Member(name) => {
                self.depends.insert(risk::Dependency { member: self.own(name), negated });
            }
            Expression::Arrow { relation, target, .. } => {
                let targets = self.legs(relation, ArrowKind::Any, target).into_iter().filter_map(|leg| leg.target);
                self.depends.extend(targets.map(|member| risk::Dependency { member, negated }));
            }
            Expression::Union(all) | Expression::Intersection(all) => {
                all.iter().for_each(|operand| self.depend(operand, negated));
            }
            Expression::Exclusion(all) => {
                self.depend(&all[0], negated);
                all[1..].iter().for_each(|operand| self.depend(operand, true));
            }
        }
    }
}
