//! The roles in Bailiwick itself: the relations of `tenant` in the system namespace that subjects hold.

use chassis::{Subject, SubjectKind, TenantId};
use graph::{ObjectRef, Relationship, SubjectRef};

/// What a subject may do with Bailiwick in its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Administrator,
    /// Change and read relationships, read the schema, ask.
    Writer,
    /// Ask.
    Checker,
    /// Read everything.
    Auditor,
}

impl Role {
    /// Every role.
    pub(crate) const ALL: [Self; 4] = [Self::Administrator, Self::Writer, Self::Checker, Self::Auditor];

    /// The relation of `tenant` that stands for it.
    pub(crate) fn relation(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Writer => "writer",
            Self::Checker => "checker",
            Self::Auditor => "auditor",
        }
    }

    /// The role that a relation stands for.
    pub(crate) fn of_relation(relation: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.relation() == relation)
    }
}

/// One subject has one role in its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) role: Role,
    pub(crate) subject: Subject,
}

impl Assignment {
    /// As the system namespace holds it.
    pub(crate) fn relationship(&self, tenant: &TenantId) -> Relationship {
        Relationship::new(tenant_object(tenant), self.role.relation(), subject(tenant, &self.subject))
            .expect("a role's relation is well-formed, and a tenant's id is no wildcard")
    }

    /// The assignment that a row of the system namespace is; none if it is of some other kind.
    pub(crate) fn from_row(tenant: &TenantId, relation: &str, subject_type: &str, subject_id: &str) -> Option<Self> {
        let id = subject_id.strip_prefix(tenant.as_str())?.strip_prefix('/')?;
        let kind = SubjectKind::from_name(subject_type)?;
        Some(Self { role: Role::of_relation(relation)?, subject: Subject::new(kind, id).ok()? })
    }
}

/// The tenant, as an object of the system namespace.
pub(crate) fn tenant_object(tenant: &TenantId) -> ObjectRef {
    ObjectRef::new("tenant", tenant.as_str()).expect("a tenant's id is an object's id")
}

/// A tenant's subject, as one of the system namespace.
pub(crate) fn subject(tenant: &TenantId, subject: &Subject) -> SubjectRef {
    let object = ObjectRef::new(subject.kind.name(), subject.system_object_id(tenant));
    SubjectRef::object_itself(object.expect("a subject's id in the system namespace is an object's id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_reads_back_as_it_was_stored() {
        let tenant: TenantId = "acme".parse().unwrap();
        for role in Role::ALL {
            let assignment = Assignment { role, subject: "user:alice".parse().unwrap() };
            let stored = assignment.relationship(&tenant);
            assert_eq!(stored.to_string(), format!("tenant:acme#{}@user:acme/alice", role.relation()));
            let subject = stored.subject().object();
            let read = Assignment::from_row(&tenant, stored.relation(), subject.object_type(), subject.object_id());
            assert_eq!(read, Some(assignment));
        }
    }

    #[test]
    fn what_is_no_role_of_the_tenant_reads_back_as_none() {
        let tenant: TenantId = "acme".parse().unwrap();
        assert_eq!(Assignment::from_row(&tenant, "system", "system", "bailiwick"), None);
        assert_eq!(Assignment::from_row(&tenant, "writer", "user", "acme-2/alice"), None);
    }
}
