//! The ids of one type.

use super::super::FileError;
use super::super::block::{Blocks, Kind};
use super::super::fields::Fields;
use super::super::parts::Texts;
use crate::names::{check_object_id, is_object_id};

/// Reads so many ids, which have to be ids and to ascend.
pub(super) fn read(blocks: &mut dyn Blocks, count: usize) -> Result<Texts, FileError> {
    let mut ids = Ids::default();
    while ids.texts.lengths.len() < count {
        ids.block(&mut blocks.expect(Kind::Ids)?, count)?;
    }
    Ok(ids.texts)
}

#[derive(Default)]
struct Ids {
    texts: Texts,
    /// Where the last text begins.
    last: usize,
}

impl Ids {
    fn block(&mut self, fields: &mut Fields<'_>, count: usize) -> Result<(), FileError> {
        let here = fields.number32()? as usize;
        if here == 0 || here > count - self.texts.lengths.len() {
            return Err(fields.damaged(format!("{here} ids; there may be 1 to {}", count - self.texts.lengths.len())));
        }
        let lengths = fields.bytes(2 * here)?;
        let texts = std::str::from_utf8(fields.rest).map_err(|error| fields.damaged(format!("not UTF-8: {error}")))?;
        let mut last = &self.texts.text.as_bytes()[self.last..];
        for length in lengths.as_chunks().0 {
            let length = u16::from_le_bytes(*length);
            let id = fields.bytes(usize::from(length))?;
            // No id is empty, so this holds for the first one too.
            if !is_object_id(id) || id <= last {
                return Err(fields.damaged(what_is_wrong(id)));
            }
            self.texts.lengths.push(length);
            last = id;
        }
        fields.end()?;
        self.last = self.texts.text.len() + texts.len() - last.len();
        self.texts.text.push_str(texts);
        Ok(())
    }
}

fn what_is_wrong(id: &[u8]) -> String {
    let id = String::from_utf8_lossy(id);
    match check_object_id(&id) {
        Err(fault) => format!("the id {id:?} {}", fault.problem),
        Ok(()) => format!("the id {id:?} does not come after the one before it"),
    }
}
