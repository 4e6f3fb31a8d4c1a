//! What the feed tells: everything that verifiers and permissions must not miss.

use chassis::{TenantId, timestamp};
use contract::identity::v1::event::Event as Kind;
use contract::identity::v1::{
    AccessTokenRevoked, ApiKeyCreated, ApiKeyRevoked, ClientCredentialRevoked, Event, TenantCreated, TenantDeleted,
    WorkloadBound, WorkloadUnbound,
};
use time::OffsetDateTime;

use super::messages;
use crate::domain::api_key::ApiKeyRecord;
use crate::domain::client_credential::ClientCredential;
use crate::domain::founding::Founding;
use crate::domain::verification_key::VerificationKey;
use crate::domain::workload::{SpiffeId, Workload};

/// A key is published, or lives longer now.
pub(crate) fn key_published(key: &VerificationKey) -> Event {
    event(Kind::KeyPublished(messages::verification_key(key)))
}

/// A tenant came to be.
pub(crate) fn tenant_created(founding: &Founding, administers_system: bool) -> Event {
    event(Kind::TenantCreated(TenantCreated {
        tenant_id: founding.tenant.id.to_string(),
        administrator: Some(founding.administrator.subject.to_proto()),
        administers_system,
    }))
}

/// An API key came to be.
pub(crate) fn api_key_created(key: &ApiKeyRecord) -> Event {
    event(Kind::ApiKeyCreated(ApiKeyCreated {
        api_key_id: key.id.to_string(),
        tenant_id: key.tenant.to_string(),
        expires_at: key.expires_at.map(timestamp::to_proto),
    }))
}

/// An API key was ended.
pub(super) fn api_key_revoked(key: &ApiKeyRecord) -> Event {
    event(Kind::ApiKeyRevoked(ApiKeyRevoked { api_key_id: key.id.to_string(), tenant_id: key.tenant.to_string() }))
}

/// An API key was ended together with others.
pub(super) fn api_key_ended(id: &str, tenant: &TenantId) -> Event {
    event(Kind::ApiKeyRevoked(ApiKeyRevoked { api_key_id: id.to_owned(), tenant_id: tenant.to_string() }))
}

/// A tenant is being deleted.
pub(super) fn tenant_deleted(tenant: &TenantId, asked_at: OffsetDateTime) -> Event {
    let asked_at = Some(timestamp::to_proto(asked_at));
    event(Kind::TenantDeleted(TenantDeleted { tenant_id: tenant.to_string(), asked_at }))
}

/// A client's credential was ended.
pub(super) fn client_credential_revoked(credential: &ClientCredential) -> Event {
    event(Kind::ClientCredentialRevoked(ClientCredentialRevoked {
        client_credential_id: credential.id.to_string(),
        tenant_id: credential.tenant.to_string(),
    }))
}

/// An access token was ended.
pub(crate) fn access_token_revoked(token_id: &str, tenant: &str, expires_at: OffsetDateTime) -> Event {
    event(Kind::AccessTokenRevoked(AccessTokenRevoked {
        token_id: token_id.to_owned(),
        tenant_id: tenant.to_owned(),
        expires_at: Some(timestamp::to_proto(expires_at)),
    }))
}

/// A workload acts as a service account.
pub(super) fn workload_bound(workload: &Workload) -> Event {
    event(Kind::WorkloadBound(WorkloadBound {
        spiffe_id: workload.spiffe_id.as_str().to_owned(),
        tenant_id: workload.tenant.to_string(),
        subject: Some(workload.account.to_proto()),
        scopes: workload.scopes.as_slice().to_vec(),
    }))
}

/// A workload acts as nobody any more.
pub(crate) fn workload_unbound(spiffe_id: &SpiffeId) -> Event {
    event(Kind::WorkloadUnbound(WorkloadUnbound { spiffe_id: spiffe_id.as_str().to_owned() }))
}

fn event(kind: Kind) -> Event {
    Event { event: Some(kind) }
}
