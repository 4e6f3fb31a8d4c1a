//! A schema with every name resolved: what a check walks instead of text.

mod compile;
mod directory;
mod groups;
mod risk;

use std::sync::Arc;

use super::catalog::Catalog;
use crate::schema::{ArrowKind, Schema};
use directory::Directory;

/// The step at which an expression is settled as a yes.
pub(super) const YES: u32 = u32::MAX;
/// The step at which an expression is settled as a no.
pub(super) const NO: u32 = u32::MAX - 1;

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) schema: Arc<Schema>,
    /// The schema's types, and where each is in `planned_types`.
    types: Directory,
    planned_types: Vec<PlannedType>,
    /// Relations and permissions of all types.
    pub(super) members: Vec<PlannedMember>,
    /// The members that are groups.
    pub(super) groups: Vec<u32>,
    /// For each type of the catalog, the plain tables through which its objects are directly in groups.
    pub(super) joins: Vec<Vec<Leg>>,
}

#[derive(Debug)]
pub(super) struct PlannedType {
    pub(super) number: u32,
    members: Directory,
}

/// A table and the relation or permission that matters at its other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) table: u32,
    pub(super) member: u32,
}

#[derive(Debug)]
pub(super) struct PlannedMember {
    pub(super) object_type: u32,
    /// Its name's number among the catalog's relations.
    pub(super) name: u32,
    /// Whether it can depend on a cycle through a negation, so that only the plain evaluator may answer.
    pub(super) is_risky: bool,
    pub(super) stored: Option<Stored>,
    /// Where to begin: a step, [`YES`] or [`NO`].
    pub(super) entry: u32,
    pub(super) steps: Vec<Step>,
    /// Of a group, the userset tables that put it into other groups.
    pub(super) parents: Vec<Leg>,
    /// What the steps read of the object itself, ascending by table.
    pub(super) reads: Vec<Read>,
    /// Of each table read, the bit of its number modulo 64.
    pub(super) read_tables: u64,
}

/// A table read for a relation that has a bit: the rows of all such relations are read in one pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) table: u32,
    pub(super) bit: u64,
    pub(super) reading: Reading,
}

/// What an entry of a row says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// A subject of this type.
    Plain(u32),
    /// All subjects of this type.
    Wildcard(u32),
    /// Those in this group.
    Group(u32),
    /// Those whom a walk finds.
    Userset,
}

/// A relation's tables, by what is to be done with them.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// All there are, those that the schema does not admit too.
    pub(super) tables: Vec<u32>,
    /// (table, type of the subjects)
    pub(super) plain: Vec<(u32, u32)>,
    /// (table, type that the wildcard covers)
    pub(super) wildcards: Vec<(u32, u32)>,
    /// The usersets, groups first.
    pub(super) usersets: Vec<Leg>,
    /// How many of the usersets are groups.
    pub(super) groups: usize,
}

/// One question of an expression, and where to go with its answer: short circuits are jumps.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) test: Test,
    pub(super) yes: u32,
    pub(super) no: u32,
}

#[derive(Debug)]
pub(super) enum Test {
    /// Is the subject the object itself?
    Own,
    /// Is the subject in this relation of the object? The bit is 0 if a member reads more relations than there are bits.
    Stored { relation: u32, bit: u64 },
    /// Does the subject have this permission on the object?
    Call(u32),
    /// Does the subject have the target on the objects that the tables lead to?
    Walk { kind: ArrowKind, legs: Vec<WalkLeg> },
}

/// A table that an arrow walks, and the target there if that type has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WalkLeg {
    pub(super) table: u32,
    pub(super) target: Option<u32>,
}

impl Plan {
    /// Resolves the schema's names. The catalog has admitted the schema.
    pub(super) fn of(schema: Arc<Schema>, catalog: &Catalog) -> Self {
        compile::plan(schema, catalog)
    }

    #[inline]
    pub(super) fn object_type(&self, name: &str) -> Option<&PlannedType> {
        self.types.number(name).map(|position| &self.planned_types[position as usize])
    }

    #[inline]
    pub(super) fn member(&self, number: u32) -> &PlannedMember {
        &self.members[number as usize]
    }
}

impl PlannedType {
    #[inline]
    pub(super) fn member(&self, name: &str) -> Option<u32> {
        self.members.number(name)
    }
}
