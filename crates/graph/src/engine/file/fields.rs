//! The contents of one block, field by field.

use super::FileError;
use super::block::Kind;

/// A block that was read and whose checksum held, from the next field on.
#[derive(Debug)]
pub(super) struct Fields<'b> {
    pub(super) kind: Kind,
    pub(super) at: u64,
    pub(super) rest: &'b [u8],
}

impl<'b> Fields<'b> {
    pub(super) fn damaged(&self, problem: impl Into<String>) -> FileError {
        FileError::Damaged { part: self.kind.part(), at: self.at, problem: problem.into() }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'b [u8], FileError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.damaged(format!("{count} bytes are expected where {} are left", self.rest.len())));
        };
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn number8(&mut self) -> Result<u8, FileError> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn number16(&mut self) -> Result<u16, FileError> {
        Ok(u16::from_le_bytes(self.bytes(2)?.try_into().expect("two were taken")))
    }

    pub(super) fn number32(&mut self) -> Result<u32, FileError> {
        Ok(u32::from_le_bytes(self.bytes(4)?.try_into().expect("four were taken")))
    }

    pub(super) fn number64(&mut self) -> Result<u64, FileError> {
        Ok(u64::from_le_bytes(self.bytes(8)?.try_into().expect("eight were taken")))
    }

    /// Text after its length in two bytes.
    pub(super) fn text(&mut self, what: &str, bytes_max: usize) -> Result<&'b str, FileError> {
        let length = usize::from(self.number16()?);
        if length > bytes_max {
            return Err(self.damaged(format!("{what} of {length} bytes; the limit is {bytes_max}")));
        }
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|error| self.damaged(format!("{what} is not UTF-8: {error}")))
    }

    /// Bytes after their count in four.
    pub(super) fn note(&mut self, bytes_max: usize) -> Result<&'b [u8], FileError> {
        let length = self.number32()? as usize;
        if length > bytes_max {
            return Err(self.damaged(format!("a note of {length} bytes; the limit is {bytes_max}")));
        }
        self.bytes(length)
    }

    /// Every byte must have been a field's.
    pub(super) fn end(&self) -> Result<(), FileError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.damaged(format!("{} bytes are left over", self.rest.len())))
    }
}

/// Text that [`Fields::text`] reads. Whoever writes has looked at its length.
pub(super) fn put_text(block: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("names and tenants are at most 256 bytes long");
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(text.as_bytes());
}

/// Bytes that [`Fields::note`] reads. Whoever writes has looked at their count.
pub(super) fn put_note(block: &mut Vec<u8>, note: &[u8]) {
    let length = u32::try_from(note.len()).expect("a note is at most 64 KiB long");
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(note);
}

pub(super) fn put_numbers(block: &mut Vec<u8>, numbers: &[u32]) {
    block.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
