//! Users and service accounts: they differ in their kind and in who may make them, and in nothing that is kept.

use chassis::clock::{Entropy, new_id};
use chassis::{FieldInvalid, Subject, SubjectKind};
use time::OffsetDateTime;

use super::display_name::DisplayName;

/// A user or service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectRecord {
    pub(crate) subject: Subject,
    pub(crate) display_name: DisplayName,
    pub(crate) created_at: OffsetDateTime,
}

/// The subject of a request that makes one: with the id that the caller chose, or with one that is made.
pub(crate) fn read_new(
    kind: SubjectKind,
    id: &str,
    field: &str,
    now: OffsetDateTime,
    entropy: &dyn Entropy,
) -> Result<Subject, FieldInvalid> {
    let made = || new_id(now, entropy).to_string();
    let id = if id.is_empty() { made() } else { id.to_owned() };
    Subject::new(kind, &id).map_err(|error| error.at(field))
}

#[cfg(test)]
mod tests {
    use chassis::clock::SystemEntropy;

    use super::*;

    #[test]
    fn an_id_that_nobody_chose_is_made_and_sorts_by_time() {
        let at = |seconds| {
            let now = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds);
            read_new(SubjectKind::User, "", "user_id", now, &SystemEntropy).unwrap()
        };
        assert!(at(1) < at(2));
    }

    #[test]
    fn a_chosen_id_is_kept_or_refused_at_its_field() {
        let read = |id| read_new(SubjectKind::User, id, "user_id", OffsetDateTime::UNIX_EPOCH, &SystemEntropy);
        assert_eq!(read("alice").unwrap().id, "alice");
        assert_eq!(read("Alice").unwrap_err().field, "user_id");
    }
}
