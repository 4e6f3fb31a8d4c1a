//! Workloads: programs that are known by the name in their client certificate, and the service account that each acts as.

use chassis::{FieldInvalid, LimitExceeded, Subject, TenantId};
use time::OffsetDateTime;

use super::scope::Scopes;

/// How many workloads may act as one service account.
pub(crate) const WORKLOADS_PER_ACCOUNT_MAX: u64 = 16;

/// How long a name may be. The standard allows more, but names stand in headers.
const CHARACTERS_MAX: usize = 512;

/// How long a trust domain may be (SPIFFE-ID, 2.1).
const TRUST_DOMAIN_CHARACTERS_MAX: usize = 255;

/// The name of a workload (SPIFFE-ID, 2): `spiffe://TRUST_DOMAIN/PATH`, in the one spelling that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpiffeId(String);

/// A workload and the service account that it acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) spiffe_id: SpiffeId,
    pub(crate) tenant: TenantId,
    pub(crate) account: Subject,
    pub(crate) scopes: Scopes,
    pub(crate) bound_at: OffsetDateTime,
}

impl SpiffeId {
    /// The name in a request's field.
    pub(crate) fn read(text: &str, field: &str) -> Result<Self, FieldInvalid> {
        match problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(problem) => Err(FieldInvalid::new(field, problem)),
        }
    }

    /// The name as it was kept.
    pub(crate) fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The name as it stands in certificates.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Workload {
    /// Whether another would bind the name to the same account for the same things.
    pub(crate) fn is_bound_like(&self, other: &Self) -> bool {
        let Self { spiffe_id, tenant, account, scopes, bound_at: _ } = self;
        (spiffe_id, tenant, account, scopes) == (&other.spiffe_id, &other.tenant, &other.account, &other.scopes)
    }
}

/// Refuses one workload more than an account may have.
pub(crate) fn has_room(bound: u64) -> Result<(), LimitExceeded> {
    if bound < WORKLOADS_PER_ACCOUNT_MAX {
        return Ok(());
    }
    Err(LimitExceeded { limit: "workloads_per_service_account_max", max: WORKLOADS_PER_ACCOUNT_MAX, given: bound + 1 })
}

/// What is wrong with a name: no port, no query, nothing encoded, nothing that has two spellings.
fn problem(text: &str) -> Option<&'static str> {
    if text.len() > CHARACTERS_MAX {
        return Some("must have at most 512 characters");
    }
    let Some((trust_domain, path)) = text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) else {
        return Some("must be spiffe://TRUST_DOMAIN/PATH");
    };
    let in_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    if !(1..=TRUST_DOMAIN_CHARACTERS_MAX).contains(&trust_domain.len()) || !trust_domain.bytes().all(in_domain) {
        return Some("must name a trust domain of 1 to 255 characters of a-z, 0-9, '.', '-' and '_'");
    }
    let in_segment = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(in_segment);
    if path.split('/').all(is_segment) {
        None
    } else {
        Some("must have a path whose segments are of letters, digits, '.', '-' and '_', and are neither '.' nor '..'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        for good in ["spiffe://acme.example/ci", "spiffe://td/ns/default/sa/Web_1.2-3", "spiffe://1/a"] {
            assert_eq!(SpiffeId::read(good, "spiffe_id").unwrap().as_str(), good);
        }
        for bad in [
            "",
            "spiffe://",
            "spiffe://td",
            "spiffe://td/",
            "spiffe:///a",
            "SPIFFE://td/a",
            "spiffe://Td/a",
            "spiffe://td:443/a",
            "spiffe://u@td/a",
            "spiffe://td/a/",
            "spiffe://td//a",
            "spiffe://td/./a",
            "spiffe://td/a/..",
            "spiffe://td/a?b",
            "spiffe://td/a#b",
            "spiffe://td/a%62",
            "spiffe://td/é",
            "spiffe://td/a b",
            "https://td/a",
            " spiffe://td/a",
        ] {
            assert_eq!(SpiffeId::read(bad, "spiffe_id").unwrap_err().field, "spiffe_id", "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_no_longer_than_its_limits() {
        let named = |domain: usize, path: usize| format!("spiffe://{}/{}", "d".repeat(domain), "p".repeat(path));
        assert!(SpiffeId::read(&named(255, 247), "spiffe_id").is_ok());
        assert!(SpiffeId::read(&named(255, 248), "spiffe_id").is_err());
        assert!(SpiffeId::read(&named(256, 1), "spiffe_id").is_err());
    }

    #[test]
    fn one_workload_too_many_names_the_limit() {
        assert_eq!(has_room(WORKLOADS_PER_ACCOUNT_MAX - 1), Ok(()));
        assert_eq!(has_room(WORKLOADS_PER_ACCOUNT_MAX).unwrap_err().limit, "workloads_per_service_account_max");
    }
}
