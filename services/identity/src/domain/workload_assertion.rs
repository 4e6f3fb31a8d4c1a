//! What a workload was given by the platform that runs it, and shows instead of a secret: a Kubernetes projected service-account token,
//! or a JWT-SVID (SPIFFE). Both are good as often as they are shown until they end, so what names them once (`jti`) is not asked for.

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::client_assertion::{ASSERTION_BYTES_MAX, AssertionRefused, Audience, CLOCK_SKEW_MAX, Head, part};
use super::client_key::ClientKey;
use super::workload::SpiffeId;

/// How much longer such a token may live. Kubernetes gives an hour and some seconds; that a pod is gone, no token tells.
pub(crate) const LIFE_MAX: Duration = Duration::seconds(3_660);

/// How the subjects of Kubernetes' tokens begin.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// How the subjects of JWT-SVIDs begin (JWT-SVID, 3.1).
const SPIFFE: &str = "spiffe://";

/// The types that such a token may call itself, if it calls itself anything.
const TYPES: [&str; 2] = ["JWT", "JOSE"];

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

#[derive(Deserialize)]
struct SubjectAlone {
    iss: Option<String>,
    sub: String,
}

/// Who, by its own word, has made a token: with this its keys are found, and nothing else is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The cluster with this issuer.
    Cluster(String),
    /// The trust domain of this name.
    TrustDomain(String),
}

/// A token whose form is right, before it is believed.
#[derive(Debug)]
pub(crate) struct WorkloadAssertion<'a> {
    text: &'a str,
    algorithm: String,
    /// Which of its keys the platform says that it used.
    pub(crate) key_id: String,
    pub(crate) origin: Origin,
}

/// A workload that its platform has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedWorkload {
    pub(crate) spiffe_id: SpiffeId,
    pub(crate) expires_at: OffsetDateTime,
}

impl<'a> WorkloadAssertion<'a> {
    /// Reads a token's form; none if its subject is no workload, so that it is something else.
    pub(crate) fn read(text: &'a str) -> Result<Option<Self>, AssertionRefused> {
        if text.len() > ASSERTION_BYTES_MAX {
            return Err(AssertionRefused::TooLong);
        }
        let mut parts = text.split('.');
        let (Some(head), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(AssertionRefused::Malformed);
        };
        let Some(claims) = part::<SubjectAlone>(claims) else { return Ok(None) };
        let origin = if let Some(rest) = claims.sub.strip_prefix(SPIFFE) {
            Origin::TrustDomain(rest.split('/').next().unwrap_or_default().to_owned())
        } else if claims.sub.starts_with(SERVICE_ACCOUNT) {
            Origin::Cluster(claims.iss.ok_or(AssertionRefused::ClaimsMalformed)?)
        } else {
            return Ok(None);
        };
        let head = Head::read(head, &TYPES)?;
        let key_id = head.key_id.ok_or(AssertionRefused::Malformed)?;
        Ok(Some(Self { text, algorithm: head.algorithm, key_id, origin }))
    }

    /// Verifies it with a key of its platform, for this audience and no other beside it. `trust_domain` is the one that the platform
    /// names workloads in.
    pub(crate) fn verify(
        &self,
        key: &ClientKey,
        trust_domain: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<NamedWorkload, AssertionRefused> {
        let claims: Claims = key.verified(self.text, &self.algorithm)?;
        if claims.aud.one() != audience {
            return Err(AssertionRefused::AudienceWrong);
        }
        let expires_at = OffsetDateTime::from_unix_timestamp(claims.exp).map_err(|_| AssertionRefused::OutOfTime)?;
        let has_begun = |at: Option<i64>| at.is_none_or(|at| at <= (now + CLOCK_SKEW_MAX).unix_timestamp());
        if expires_at <= now || expires_at > now + LIFE_MAX || !has_begun(claims.iat) || !has_begun(claims.nbf) {
            return Err(AssertionRefused::OutOfTime);
        }
        let name = match &self.origin {
            Origin::Cluster(issuer) if claims.iss.as_ref() == Some(issuer) => {
                of_service_account(&claims.sub, trust_domain)
            }
            Origin::TrustDomain(domain) if domain == trust_domain => Some(claims.sub),
            Origin::Cluster(_) | Origin::TrustDomain(_) => None,
        };
        let spiffe_id = name.and_then(|name| SpiffeId::read(&name, "sub").ok());
        Ok(NamedWorkload { spiffe_id: spiffe_id.ok_or(AssertionRefused::NotTheClient)?, expires_at })
    }
}

/// The name of a Kubernetes service account, as SPIRE and Istio write it.
fn of_service_account(subject: &str, trust_domain: &str) -> Option<String> {
    let (namespace, name) = subject.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    (!name.contains(':')).then(|| format!("{SPIFFE}{trust_domain}/ns/{namespace}/sa/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_has_one_name() {
        let named = |subject| of_service_account(subject, "td");
        assert_eq!(named("system:serviceaccount:default:web").as_deref(), Some("spiffe://td/ns/default/sa/web"));
        for bad in ["system:serviceaccount:default", "system:serviceaccount:a:b:c", "system:node:a"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
