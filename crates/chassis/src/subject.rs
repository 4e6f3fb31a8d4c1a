//! The ids that every service speaks of: tenants and their subjects.

use std::fmt;
use std::str::FromStr;

use contract::common::v1 as proto;

use crate::error::FieldInvalid;

/// The id of a tenant: `[a-z][a-z0-9-]{1,30}[a-z0-9]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

/// The kinds of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A person.
    User,
    /// A program.
    ServiceAccount,
}

/// A user or a service account, within its tenant. Written `user:alice`, `service_account:ci`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// Which kind.
    pub kind: SubjectKind,
    /// `[a-z0-9][a-z0-9_-]{0,62}`, unique among the tenant's subjects of this kind.
    pub id: String,
}

/// An id that is not of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdInvalid(&'static str);

impl IdInvalid {
    /// The error for a field of a request.
    pub fn at(self, field: impl Into<String>) -> FieldInvalid {
        FieldInvalid::new(field, self.0)
    }
}

impl TenantId {
    /// The tenant of the system namespace.
    pub fn system() -> Self {
        Self(contract::SYSTEM_TENANT.to_owned())
    }

    /// Whether this is the reserved tenant.
    pub fn is_system(&self) -> bool {
        self.0 == contract::SYSTEM_TENANT
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = IdInvalid;

    fn from_str(text: &str) -> Result<Self, IdInvalid> {
        let inner = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let starts = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if (3..=32).contains(&text.len()) && inner && starts && !text.ends_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdInvalid(
                "a tenant id is 3 to 32 characters of a-z, 0-9 and -, begins with a letter and does not end with -",
            ))
        }
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SubjectKind {
    /// The kind's name: the object type of its subjects in every schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::ServiceAccount].into_iter().find(|kind| kind.name() == name)
    }
}

impl Subject {
    /// A subject whose id has been looked at.
    ///
    /// # Errors
    /// If the id is not of its form.
    pub fn new(kind: SubjectKind, id: &str) -> Result<Self, IdInvalid> {
        let inner = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
        let starts = id.as_bytes().first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if (1..=63).contains(&id.len()) && inner && starts {
            Ok(Self { kind, id: id.to_owned() })
        } else {
            Err(IdInvalid("a subject id is 1 to 63 characters of a-z, 0-9, _ and -, and begins with a letter or digit"))
        }
    }

    /// The subject that a message names.
    ///
    /// # Errors
    /// If it is absent, of no kind, or its id is not of its form; `field` is where it stands in the request.
    pub fn from_proto(message: Option<&proto::Subject>, field: &str) -> Result<Self, FieldInvalid> {
        let message = message.ok_or_else(|| FieldInvalid::new(field, "is missing"))?;
        let kind = match message.kind() {
            proto::SubjectKind::User => SubjectKind::User,
            proto::SubjectKind::ServiceAccount => SubjectKind::ServiceAccount,
            proto::SubjectKind::Unspecified => {
                return Err(FieldInvalid::new(format!("{field}.kind"), "must be USER or SERVICE_ACCOUNT"));
            }
        };
        Self::new(kind, &message.id).map_err(|error| error.at(format!("{field}.id")))
    }

    /// The subject as a message.
    pub fn to_proto(&self) -> proto::Subject {
        let kind = match self.kind {
            SubjectKind::User => proto::SubjectKind::User,
            SubjectKind::ServiceAccount => proto::SubjectKind::ServiceAccount,
        };
        proto::Subject { kind: kind.into(), id: self.id.clone() }
    }

    /// The subject's id in the system namespace, where tenants meet: `TENANT/ID`.
    pub fn system_object_id(&self, tenant: &TenantId) -> String {
        format!("{tenant}/{}", self.id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.kind.name(), self.id)
    }
}

impl FromStr for Subject {
    type Err = IdInvalid;

    fn from_str(text: &str) -> Result<Self, IdInvalid> {
        let (kind, id) = text.split_once(':').ok_or(IdInvalid("a subject is written user:ID or service_account:ID"))?;
        let kind = SubjectKind::from_name(kind).ok_or(IdInvalid("a subject's kind is user or service_account"))?;
        Self::new(kind, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_id_is_lower_case_and_bounded() {
        for good in ["acme", "a1-b", "abc", &"a".repeat(32)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", "ab", "Acme", "1ab", "abc-", "a_b", "a b", "a/b", &"a".repeat(33)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subject_reads_back_as_it_was_written() {
        let subject = Subject::new(SubjectKind::ServiceAccount, "ci-1").unwrap();
        assert_eq!(subject.to_string().parse(), Ok(subject));
        for bad in ["user", "user:", "group:a", "user:A", "user:-a", "user:a:b"] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }
}
