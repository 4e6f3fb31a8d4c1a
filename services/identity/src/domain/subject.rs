//! Users and service accounts: they differ in their kind and in who may make them, and in nothing that is kept.

use chassis::clock::{Entropy, new_id};
use chassis::{FieldInvalid, Subject, SubjectKind, TenantId};
use time::OffsetDateTime;

use super::data_key::DataKey;
use super::display_name::DisplayName;
use super::seal::WrongSeal;

/// A user or service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectRecord {
    pub(crate) subject: Subject,
    pub(crate) display_name: DisplayName,
    pub(crate) created_at: OffsetDateTime,
    /// When the person was erased: then only the id is left.
    pub(crate) erased_at: Option<OffsetDateTime>,
}

/// A user or service account as it is kept: a user's name is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// All but what is sealed.
    pub(crate) record: SubjectRecord,
    pub(crate) sealed_name: Option<Vec<u8>>,
}

impl Kept {
    /// With what is sealed, if it can be read still: the key of a tenant that is deleted is gone.
    pub(crate) fn open(self, tenant: &TenantId, key: Option<&DataKey>) -> Result<SubjectRecord, WrongSeal> {
        let Self { mut record, sealed_name } = self;
        if let (Some(sealed), Some(key)) = (sealed_name, key) {
            record.display_name = key.open_name(tenant, &record.subject, &sealed)?;
        }
        Ok(record)
    }
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
