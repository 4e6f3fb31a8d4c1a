//! What a file says beside the graphs: the point of the history, and each tenant's schema's revision.

use uuid::Uuid;

use crate::domain::digest::Digest;
use crate::domain::revision::Point;
use crate::index::tenant::CompiledSchema;

/// Epoch (16 bytes), revision (8, big-endian), digest (32).
const POINT_BYTES: usize = 16 + 8 + 32;

pub(super) fn file_note(point: &Point) -> Vec<u8> {
    let Point { epoch, number, digest } = point;
    [epoch.as_bytes().as_slice(), &number.to_be_bytes(), &digest.0].concat()
}

pub(super) fn read_file_note(note: &[u8]) -> Option<Point> {
    let note: &[u8; POINT_BYTES] = note.try_into().ok()?;
    let (epoch, rest) = note.split_first_chunk::<16>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let digest = rest.try_into().ok()?;
    Some(Point { epoch: Uuid::from_bytes(*epoch), number: u64::from_be_bytes(*number), digest: Digest(digest) })
}

/// The revision of the schema (8 bytes, big-endian); nothing before the first.
pub(super) fn tenant_note(schema: Option<&CompiledSchema>) -> Vec<u8> {
    schema.map(|schema| schema.revision.to_be_bytes().to_vec()).unwrap_or_default()
}

pub(super) fn read_tenant_note(note: &[u8]) -> Option<Option<u64>> {
    if note.is_empty() {
        return Some(None);
    }
    Some(Some(u64::from_be_bytes(note.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_and_no_other_is_taken() {
        let point = Point { epoch: Uuid::from_u128(7), number: 42, digest: Digest([9; 32]) };
        let note = file_note(&point);
        assert_eq!(read_file_note(&note), Some(point));
        assert_eq!(read_file_note(&note[1..]), None);
        assert_eq!(read_file_note(&[note.as_slice(), &[0]].concat()), None);
        assert_eq!(read_tenant_note(&7_u64.to_be_bytes()), Some(Some(7)));
        assert_eq!(read_tenant_note(&[]), Some(None));
        assert_eq!(read_tenant_note(&[1, 2, 3]), None);
    }
}
