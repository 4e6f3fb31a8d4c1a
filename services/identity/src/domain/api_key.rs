//! API keys as identity keeps them: whose, for what, until when. The keyed hash of the secret is a pepper's.

use chassis::api_key::ApiKeyId;
use chassis::{FieldInvalid, Subject, TenantId};
use time::OffsetDateTime;

use super::display_name::DisplayName;
use super::scope::Scopes;

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiKeyRecord {
    pub(crate) id: ApiKeyId,
    pub(crate) tenant: TenantId,
    pub(crate) owner: Subject,
    pub(crate) display_name: DisplayName,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: Option<OffsetDateTime>,
    pub(crate) revoked_at: Option<OffsetDateTime>,
    /// As far as gate has told.
    pub(crate) last_used_at: Option<OffsetDateTime>,
}

impl ApiKeyRecord {
    /// Whether the key may be used at this time. Every use of a key asks here.
    pub(crate) fn is_active(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// When a key of a request shall end: in the future, or never.
pub(crate) fn check_expires_at(
    expires_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, FieldInvalid> {
    match expires_at {
        Some(time) if time <= now => Err(FieldInvalid::new("expires_at", "must be in the future")),
        Some(_) | None => Ok(expires_at),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn record(expires_at: Option<OffsetDateTime>, revoked_at: Option<OffsetDateTime>) -> ApiKeyRecord {
        ApiKeyRecord {
            id: "0123456789abcdef".parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            owner: "user:alice".parse().unwrap(),
            display_name: DisplayName::read("laptop").unwrap(),
            scopes: Scopes::all(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            expires_at,
            revoked_at,
            last_used_at: None,
        }
    }

    #[test]
    fn a_key_ends_at_its_expiry_and_not_a_moment_later() {
        let end = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
        let moment = Duration::microseconds(1);
        assert!(record(None, None).is_active(end));
        assert!(record(Some(end), None).is_active(end - moment));
        assert!(!record(Some(end), None).is_active(end));
        assert!(!record(None, Some(end)).is_active(end - moment), "revoked is revoked, whatever the clock says");
    }

    #[test]
    fn an_expiry_must_be_a_time_in_the_future() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
        let moment = Duration::microseconds(1);
        for good in [None, Some(now + moment)] {
            assert_eq!(check_expires_at(good, now), Ok(good));
        }
        for bad in [now, now - moment, OffsetDateTime::UNIX_EPOCH] {
            assert!(check_expires_at(Some(bad), now).is_err(), "{bad:?}");
        }
    }
}
