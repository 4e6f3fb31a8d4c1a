//! What an object's own rows say, without going to another object.

use super::super::delta::Row;
use super::super::objects::Found;
use super::super::plan::{PlannedMember, Read, Reading, Step, Test};
use super::frame::RowsRead;
use super::{Search, Subject};
use crate::check::Limit;

impl<'s> Search<'s> {
    /// Reads all rows of the object that the member's steps ask for. Most objects have few of them, so going through those
    /// that there are is less work than asking for each that there could be.
    #[inline]
    pub(super) fn read(&mut self, planned: &'s PlannedMember, object: Found<'s>) -> Result<RowsRead, Limit> {
        let mut said = RowsRead::default();
        if self.snapshot.delta.touches(planned.read_tables) {
            for read in &planned.reads {
                let row = self.row(read.table, object);
                if !row.is_empty() {
                    self.judge(read, row, &mut said);
                }
            }
        } else {
            let mut reads = planned.reads.iter();
            let mut read = reads.next();
            object.record.for_each(|table, base| {
                while let Some(next) = read
                    && next.table <= table
                {
                    if next.table == table {
                        self.judge(next, Row { base, overlay: None }, &mut said);
                    }
                    read = reads.next();
                }
            });
        }
        self.spend(0)?;
        Ok(said)
    }

    /// Notes what a row says that is not empty, and counts the entries looked at.
    #[inline]
    fn judge(&mut self, read: &Read, row: Row<'s>, said: &mut RowsRead) {
        let is_for = |subject_type| self.subject.member.is_none() && self.subject.object_type == subject_type;
        match read.reading {
            Reading::Plain(subject_type) => {
                if is_for(subject_type) {
                    self.edges += 1;
                    said.holds |= if row.contains(self.subject.object) { read.bit } else { 0 };
                }
            }
            Reading::Wildcard(subject_type) => {
                if is_for(subject_type) {
                    self.edges += 1;
                    said.holds |= read.bit;
                }
            }
            Reading::Group(member) => {
                if self.memberships.are_known(self.snapshot, self.plan, self.subject) {
                    let (meets, cost) = self.memberships.meet(self.snapshot, member, row);
                    self.edges += cost;
                    said.holds |= if meets { read.bit } else { 0 };
                } else {
                    said.open |= read.bit;
                }
            }
            Reading::Userset => said.open |= read.bit,
        }
    }

    /// Reads the rows of one relation that has no bit.
    #[cold]
    fn read_relation(&mut self, relation: u32, object: Found<'s>) -> Result<RowsRead, Limit> {
        let planned = self.plan.member(relation);
        self.read(planned, object)
    }

    /// A step's answer, if what the rows said is enough for it.
    #[inline]
    pub(super) fn at_once(
        &mut self,
        step: &'s Step,
        planned: &'s PlannedMember,
        object: Found<'s>,
        said: RowsRead,
    ) -> Result<Option<bool>, Limit> {
        match step.test {
            Test::Own => {
                let Subject { object_type, object: number, member } = self.subject;
                Ok(Some(member.is_none() && object_type == planned.object_type && number == object.number))
            }
            Test::Stored { relation, .. } if self.is_subject(relation, object.number) => Ok(Some(true)),
            Test::Stored { relation, bit: 0 } => {
                let said = self.read_relation(relation, object)?;
                Ok(if said.holds != 0 {
                    Some(true)
                } else if said.open != 0 {
                    None
                } else {
                    Some(false)
                })
            }
            Test::Stored { bit, .. } if said.holds & bit != 0 => Ok(Some(true)),
            Test::Stored { bit, .. } if said.open & bit == 0 => Ok(Some(false)),
            Test::Stored { .. } | Test::Call(_) | Test::Walk { .. } => Ok(None),
        }
    }
}
