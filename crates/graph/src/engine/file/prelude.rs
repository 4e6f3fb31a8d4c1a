//! The first sixteen bytes, which stay as they are in every form.

use std::io::{ErrorKind, Read};

use super::{FORMS, FileError, Form};

pub(super) const BYTES: usize = 16;

/// A byte that no text has, and line ends that a transfer as text would change, as in PNG (RFC 2083, §12.11).
const MAGIC: [u8; 8] = *b"\x89BWG\r\n\x1a\n";

/// The prelude and its checksum, from which those of the blocks go on.
pub(super) fn written(version: u32) -> ([u8; BYTES], u32) {
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..].copy_from_slice(&checksum.to_le_bytes());
    (bytes, checksum)
}

/// Reads the prelude: which form follows, and the checksum so far.
pub(super) fn read(input: &mut impl Read) -> Result<(&'static Form, u32), FileError> {
    let mut bytes = [0; BYTES];
    input.read_exact(&mut bytes).map_err(|error| match error.kind() == ErrorKind::UnexpectedEof {
        true => FileError::Foreign,
        false => FileError::Io(error),
    })?;
    if bytes[..8] != MAGIC {
        return Err(FileError::Foreign);
    }
    let [.., v0, v1, v2, v3, _, _, _, _] = bytes;
    let found = u32::from_le_bytes([v0, v1, v2, v3]);
    let (expected, checksum) = written(found);
    if bytes != expected {
        let problem = "the checksum does not hold".to_owned();
        return Err(FileError::Damaged { part: "the prelude", at: 0, problem });
    }
    let form = FORMS.iter().find(|form| form.version == found);
    let (oldest, newest) = (FORMS[0].version, FORMS[FORMS.len() - 1].version);
    form.map(|form| (form, checksum)).ok_or(FileError::Version { found, oldest, newest })
}
