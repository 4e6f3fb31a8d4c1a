//! The founding of a tenant: it comes with its first administrator, a service account, and that one's first API key.

use chassis::api_key::ApiKey;
use chassis::{Subject, SubjectKind, TenantId};
use time::OffsetDateTime;

use super::api_key::ApiKeyRecord;
use super::display_name::DisplayName;
use super::scope::Scopes;
use super::subject::SubjectRecord;
use super::tenant::{Tenant, read_new_id};
use crate::error::Error;

/// What a request asks to be founded.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    tenant: TenantId,
    display_name: DisplayName,
    administrator: Subject,
}

/// A tenant with all that it begins with.
#[derive(Clone, Debug)]
pub(crate) struct Founding {
    pub(crate) tenant: Tenant,
    pub(crate) administrator: SubjectRecord,
    pub(crate) api_key: ApiKeyRecord,
}

impl Wish {
    /// The fields of a request that founds a tenant.
    pub(crate) fn read(tenant_id: &str, display_name: &str, administrator_id: &str) -> Result<Self, Error> {
        Ok(Self {
            tenant: read_new_id(tenant_id)?,
            display_name: DisplayName::read(display_name)?,
            administrator: Subject::new(SubjectKind::ServiceAccount, administrator_id)
                .map_err(|error| error.at("administrator_id"))?,
        })
    }

    /// What there will be, with this key of these scopes.
    pub(crate) fn found(self, key: &ApiKey, scopes: Scopes, now: OffsetDateTime) -> Founding {
        let Self { tenant, display_name, administrator } = self;
        Founding {
            api_key: ApiKeyRecord {
                id: key.id().clone(),
                tenant: tenant.clone(),
                owner: administrator.clone(),
                display_name: DisplayName::known("First key".to_owned()),
                scopes,
                created_at: now,
                expires_at: None,
                revoked_at: None,
                last_used_at: None,
            },
            administrator: SubjectRecord {
                subject: administrator,
                display_name: DisplayName::known("First administrator".to_owned()),
                created_at: now,
                erased_at: None,
            },
            tenant: Tenant { id: tenant, display_name, created_at: now, deleting_at: None },
        }
    }
}
