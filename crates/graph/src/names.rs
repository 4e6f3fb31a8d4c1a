//! What a type, a relation, a permission and an object id may look like, and the nearest known name to a wrong one.
//!
//! The rules are those of `authzed.api.v1` (`core.proto`).

use std::cmp::Reverse;

/// A relation, a permission and each segment of a type name have at least this many bytes.
pub const NAME_BYTES_MIN: usize = 3;
/// A relation or permission name has at most this many bytes.
pub const MEMBER_NAME_BYTES_MAX: usize = 64;
/// Each `/`-separated segment of a type name has at most this many bytes.
pub const TYPE_SEGMENT_BYTES_MAX: usize = 63;
/// A whole type name has at most this many bytes.
pub const TYPE_NAME_BYTES_MAX: usize = 128;
/// An object id has at most this many bytes.
pub const OBJECT_ID_BYTES_MAX: usize = 1024;

/// The edits between a wrong name and one still worth proposing.
const EDITS_MAX: usize = 2;

/// What is wrong with a name, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameFault {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

impl NameFault {
    fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }
}

/// A type name: segments of 3 to 63 bytes, joined by `/`, at most 128 bytes in all.
pub(crate) fn check_type_name(name: &str) -> Result<(), NameFault> {
    if name.len() > TYPE_NAME_BYTES_MAX {
        let problem = format!("is {} bytes long; the limit is {TYPE_NAME_BYTES_MAX}", name.len());
        return Err(NameFault::new(0, problem));
    }
    let mut start = 0;
    for segment in name.split('/') {
        check_segment(segment, TYPE_SEGMENT_BYTES_MAX)
            .map_err(|fault| NameFault { at: start + fault.at, problem: fault.problem })?;
        start += segment.len() + 1;
    }
    Ok(())
}

/// A relation or permission name: 3 to 64 bytes.
pub(crate) fn check_member_name(name: &str) -> Result<(), NameFault> {
    check_segment(name, MEMBER_NAME_BYTES_MAX)
}

/// The bytes that an object id may have.
const IS_OBJECT_ID_BYTE: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        allowed[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'|' | b'-' | b'=' | b'+');
        byte += 1;
    }
    allowed
};

/// Whether [`check_object_id`] takes it, for whoever has millions to ask about.
pub(crate) fn is_object_id(id: &[u8]) -> bool {
    let length = 1..=OBJECT_ID_BYTES_MAX;
    length.contains(&id.len()) && id.iter().fold(true, |all, byte| all & IS_OBJECT_ID_BYTE[usize::from(*byte)])
}

/// An object id: 1 to 1,024 bytes, without the wildcard.
pub(crate) fn check_object_id(id: &str) -> Result<(), NameFault> {
    if id.is_empty() {
        return Err(NameFault::new(0, "is empty; it needs at least 1 byte"));
    }
    if id.len() > OBJECT_ID_BYTES_MAX {
        return Err(NameFault::new(0, format!("is {} bytes long; the limit is {OBJECT_ID_BYTES_MAX}", id.len())));
    }
    let allowed = |c: char| u8::try_from(c).is_ok_and(|byte| IS_OBJECT_ID_BYTE[usize::from(byte)]);
    match id.char_indices().find(|(_, c)| !allowed(*c)) {
        Some((at, c)) => Err(NameFault::new(at, format!("contains {c:?}; allowed are a-z A-Z 0-9 / _ | - = +"))),
        None => Ok(()),
    }
}

fn check_segment(segment: &str, bytes_max: usize) -> Result<(), NameFault> {
    if segment.len() < NAME_BYTES_MIN || segment.len() > bytes_max {
        let problem = format!("is {} bytes long; the limits are {NAME_BYTES_MIN} to {bytes_max}", segment.len());
        return Err(NameFault::new(0, problem));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if let Some((at, c)) = segment.char_indices().find(|(_, c)| !allowed(*c)) {
        return Err(NameFault::new(at, format!("contains {c:?}; allowed are a-z 0-9 _")));
    }
    if !segment.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(NameFault::new(0, "does not begin with a letter a-z"));
    }
    if segment.ends_with('_') {
        return Err(NameFault::new(segment.len() - 1, "ends with `_`"));
    }
    Ok(())
}

/// The candidate fewest edits away from `wrong`, if it is near enough to be what was meant.
pub(crate) fn nearest<'n>(wrong: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    candidates
        .filter(|candidate| candidate.len().abs_diff(wrong.len()) <= EDITS_MAX && *candidate != wrong)
        // Of two equally near the longer: a letter is lost more often than added.
        .map(|candidate| (edits(wrong.as_bytes(), candidate.as_bytes()), Reverse(candidate.len()), candidate))
        .filter(|(distance, _, _)| *distance <= EDITS_MAX)
        .min()
        .map(|(_, _, candidate)| candidate)
}

/// Levenshtein's distance, one row at a time.
fn edits(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_name_may_have_prefixes() {
        assert_eq!(check_type_name("docs/team_a/document"), Ok(()));
    }

    #[test]
    fn a_fault_in_a_prefixed_type_is_placed_in_the_whole_name() {
        assert_eq!(check_type_name("docs/documenT").map_err(|fault| fault.at), Err(12));
        assert_eq!(check_type_name("docs/ab").map_err(|fault| fault.at), Err(5));
    }

    #[test]
    fn a_name_of_two_letters_is_too_short_and_one_of_sixty_five_too_long() {
        assert!(check_member_name("ab").is_err());
        assert!(check_member_name("abc").is_ok());
        assert!(check_member_name(&"a".repeat(64)).is_ok());
        assert!(check_member_name(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_type_segment_ends_at_63_bytes_and_a_type_at_128() {
        assert!(check_type_name(&"a".repeat(63)).is_ok());
        assert!(check_type_name(&"a".repeat(64)).is_err());
        assert!(check_type_name(&format!("{0}/{0}/abc", "a".repeat(61))).is_ok());
        assert!(check_type_name(&format!("{0}/{0}/abcde", "a".repeat(61))).is_err());
    }

    #[test]
    fn a_name_neither_begins_with_a_digit_nor_ends_with_an_underscore() {
        assert!(check_member_name("1abc").is_err());
        assert!(check_member_name("abc_").is_err());
        assert!(check_member_name("a_1").is_ok());
    }

    #[test]
    fn an_object_id_of_1024_bytes_passes_and_one_more_does_not() {
        assert!(check_object_id(&"x".repeat(1024)).is_ok());
        assert!(check_object_id(&"x".repeat(1025)).is_err());
        assert!(check_object_id("aZ09/_|-=+").is_ok());
        assert_eq!(check_object_id("ab:c").map_err(|fault| fault.at), Err(2));
    }

    #[test]
    fn a_slip_of_two_letters_finds_the_name_that_was_meant() {
        let known = ["viewer", "editor", "owner"];
        assert_eq!(nearest("veiwer", known.into_iter()), Some("viewer"));
        assert_eq!(nearest("views", known.into_iter()), Some("viewer"));
        assert_eq!(nearest("approver", known.into_iter()), None);
    }
}
