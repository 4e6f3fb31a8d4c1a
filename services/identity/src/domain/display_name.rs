//! The names that people read.

use chassis::{FieldInvalid, LimitExceeded};

use crate::error::Error;

/// How long a display name may be, in characters.
pub(crate) const CHARACTERS_MAX: usize = 200;

/// A name for people to read: at most 200 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    /// The display name of a request, which must have one.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(invalid("is missing: it is 1 to 200 characters for people to read").into());
        }
        Self::read_or_empty(text)
    }

    /// The display name of a request, which may leave it out.
    pub(crate) fn read_or_empty(text: &str) -> Result<Self, Error> {
        let given = text.chars().count();
        if given > CHARACTERS_MAX {
            let (max, given) = (CHARACTERS_MAX as u64, given as u64);
            return Err(LimitExceeded { limit: "display_name_characters_max", max, given }.into());
        }
        if text.chars().any(char::is_control) {
            return Err(invalid("must hold no control characters").into());
        }
        Ok(Self(text.to_owned()))
    }

    /// A name that was read before, or is our own.
    pub(crate) fn known(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn invalid(problem: &str) -> FieldInvalid {
    FieldInvalid::new("display_name", problem)
}

#[cfg(test)]
mod tests {
    use chassis::{Reason, ServiceError as _};

    use super::*;

    #[test]
    fn a_name_is_counted_in_characters_and_not_in_bytes() {
        assert!(DisplayName::read(&"é".repeat(CHARACTERS_MAX)).is_ok());
        let refused = DisplayName::read(&"é".repeat(CHARACTERS_MAX + 1)).unwrap_err();
        assert_eq!(refused.reason(), Reason::LimitExceeded);
    }

    #[test]
    fn a_name_that_nobody_could_read_is_refused() {
        for bad in ["", " ", "a\nb", "a\u{0}", "\u{9f}"] {
            assert_eq!(DisplayName::read(bad).unwrap_err().reason(), Reason::FieldInvalid, "{bad:?}");
        }
        assert!(DisplayName::read_or_empty("").is_ok());
    }
}
