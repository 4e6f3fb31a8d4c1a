//! What identity keeps, as messages.

use chassis::api_key::{ApiKeyId, ApiKeyIdInvalid};
use chassis::{FieldInvalid, timestamp};
use contract::identity::v1 as proto;
use time::OffsetDateTime;

use crate::domain::api_key::ApiKeyRecord;
use crate::domain::client_credential::ClientCredential;
use crate::domain::subject::SubjectRecord;
use crate::domain::tenant::Tenant;
use crate::domain::verification_key::{KeyUse, VerificationKey};
use crate::domain::workload::Workload;

/// The time of a request's field, in whole microseconds: what cannot be kept would read back as another time.
pub(super) fn read_time(
    time: Option<&prost_types::Timestamp>,
    field: &str,
) -> Result<Option<OffsetDateTime>, FieldInvalid> {
    let Some(time) = time else { return Ok(None) };
    let time = timestamp::from_proto(time).ok_or_else(|| FieldInvalid::new(field, "is no time"))?;
    Ok(Some(time.truncate_to_microsecond()))
}

/// The API key id of a request's field.
pub(super) fn read_api_key_id(id: &str) -> Result<ApiKeyId, FieldInvalid> {
    id.parse().map_err(|error: ApiKeyIdInvalid| FieldInvalid::new("api_key_id", error.to_string()))
}

pub(super) fn tenant(tenant: &Tenant) -> proto::Tenant {
    let asked = |asked_at| proto::TenantDeletion {
        asked_at: Some(timestamp::to_proto(asked_at)),
        done_at: None,
        services: Vec::new(),
    };
    tenant_with(tenant, tenant.deleting_at.map(asked))
}

/// A tenant with how far its deletion is.
pub(super) fn tenant_with(tenant: &Tenant, deletion: Option<proto::TenantDeletion>) -> proto::Tenant {
    proto::Tenant {
        id: tenant.id.to_string(),
        display_name: tenant.display_name.as_str().to_owned(),
        created_at: Some(timestamp::to_proto(tenant.created_at)),
        deletion,
    }
}

pub(super) fn user(record: &SubjectRecord) -> proto::User {
    proto::User {
        id: record.subject.id.clone(),
        display_name: record.display_name.as_str().to_owned(),
        created_at: Some(timestamp::to_proto(record.created_at)),
        erased_at: record.erased_at.map(timestamp::to_proto),
    }
}

pub(super) fn service_account(record: &SubjectRecord) -> proto::ServiceAccount {
    proto::ServiceAccount {
        id: record.subject.id.clone(),
        display_name: record.display_name.as_str().to_owned(),
        created_at: Some(timestamp::to_proto(record.created_at)),
    }
}

pub(super) fn api_key(key: &ApiKeyRecord) -> proto::ApiKey {
    proto::ApiKey {
        id: key.id.to_string(),
        owner: Some(key.owner.to_proto()),
        display_name: key.display_name.as_str().to_owned(),
        scopes: key.scopes.as_slice().to_vec(),
        created_at: Some(timestamp::to_proto(key.created_at)),
        expires_at: key.expires_at.map(timestamp::to_proto),
        revoked_at: key.revoked_at.map(timestamp::to_proto),
        last_used_at: key.last_used_at.map(timestamp::to_proto),
    }
}

pub(super) fn client_credential(credential: &ClientCredential) -> proto::ClientCredential {
    proto::ClientCredential {
        id: credential.id.to_string(),
        client_id: credential.client_id().to_string(),
        service_account_id: credential.account.id.clone(),
        display_name: credential.display_name.as_str().to_owned(),
        scopes: credential.scopes.as_slice().to_vec(),
        audiences: credential.audiences.as_slice().to_vec(),
        jwk: credential.key.as_ref().map(|key| key.jwk().to_owned()).unwrap_or_default(),
        created_at: Some(timestamp::to_proto(credential.created_at)),
        expires_at: credential.expires_at.map(timestamp::to_proto),
        revoked_at: credential.revoked_at.map(timestamp::to_proto),
    }
}

pub(super) fn workload(workload: &Workload) -> proto::Workload {
    proto::Workload {
        spiffe_id: workload.spiffe_id.as_str().to_owned(),
        tenant_id: workload.tenant.to_string(),
        service_account_id: workload.account.id.clone(),
        scopes: workload.scopes.as_slice().to_vec(),
        bound_at: Some(timestamp::to_proto(workload.bound_at)),
    }
}

pub(super) fn verification_key(key: &VerificationKey) -> proto::VerificationKey {
    let key_use = match key.key_use {
        KeyUse::AccessToken => proto::KeyUse::AccessToken,
        KeyUse::Assertion => proto::KeyUse::Assertion,
    };
    proto::VerificationKey {
        key_id: key.key.key_id().to_owned(),
        r#use: key_use.into(),
        jwk: key.key.jwk().to_owned(),
        not_after: Some(timestamp::to_proto(key.not_after)),
        issuer: key.issuer.clone(),
    }
}
