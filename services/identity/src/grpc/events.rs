//! What the feed tells: everything that verifiers and permissions must not miss.

use chassis::timestamp;
use contract::identity::v1::event::Event as Kind;
use contract::identity::v1::{ApiKeyCreated, ApiKeyRevoked, Event, TenantCreated};

use super::messages;
use crate::domain::api_key::ApiKeyRecord;
use crate::domain::founding::Founding;
use crate::domain::verification_key::VerificationKey;

/// A key is published, or lives longer now.
pub(crate) fn key_published(key: &VerificationKey) -> Event {
    event(Kind::KeyPublished(messages::verification_key(key)))
}

/// A tenant came to be.
pub(super) fn tenant_created(founding: &Founding, administers_system: bool) -> Event {
    event(Kind::TenantCreated(TenantCreated {
        tenant_id: founding.tenant.id.to_string(),
        administrator: Some(founding.administrator.subject.to_proto()),
        administers_system,
    }))
}

/// An API key came to be.
pub(super) fn api_key_created(key: &ApiKeyRecord) -> Event {
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

fn event(kind: Kind) -> Event {
    Event { event: Some(kind) }
}
