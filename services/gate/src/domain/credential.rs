//! What a caller shows at the edge, before anybody knows whether it is genuine.

use chassis::auth::API_KEY_PREFIX;

use super::denial::{Denial, Reason};
use super::request::Request;

/// The header of a bearer credential (RFC 6750).
pub(crate) const AUTHORIZATION: &str = "authorization";

/// The header of an API key alone. Always ours, and never passed on.
pub(crate) const API_KEY: &str = "x-api-key";

/// How the names of workloads begin (SPIFFE-ID, 2). Of a certificate without one Envoy tells a DNS name or its subject.
const SPIFFE: &str = "spiffe://";

/// What is shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Nothing,
    ApiKey {
        text: String,
        in_header: &'static str,
    },
    AccessToken(String),
    /// The name in the client certificate of the connection.
    Certificate(String),
}

impl Shown {
    /// Reads it. Two at once are refused: gate and the upstream might believe different ones. A certificate is the channel's: it
    /// counts where the request itself shows nothing.
    pub(crate) fn read(Request { headers, principal, .. }: &Request) -> Result<Self, Denial> {
        let bearer = headers.single(AUTHORIZATION)?.map(bearer).transpose()?.flatten();
        let api_key = headers.single(API_KEY)?;
        match (bearer, api_key) {
            (None, None) if principal.starts_with(SPIFFE) => Ok(Self::Certificate(principal.clone())),
            (None, None) => Ok(Self::Nothing),
            (Some(_), Some(_)) => Err(Denial::ambiguous("two credentials are shown")),
            (Some(token), None) if token.starts_with(API_KEY_PREFIX) => {
                Ok(Self::ApiKey { text: token.to_owned(), in_header: AUTHORIZATION })
            }
            (Some(token), None) => Ok(Self::AccessToken(token.to_owned())),
            (None, Some(key)) => Ok(Self::ApiKey { text: key.to_owned(), in_header: API_KEY }),
        }
    }

    /// Whether it stands in the header `authorization`, which may otherwise be the upstream's own.
    pub(crate) fn is_in_authorization(&self) -> bool {
        match self {
            Self::Nothing | Self::Certificate(_) => false,
            Self::ApiKey { in_header, .. } => *in_header == AUTHORIZATION,
            Self::AccessToken(_) => true,
        }
    }
}

/// The token of `Bearer TOKEN` (RFC 6750, 2.1); none if the scheme is another, which is not ours to judge.
fn bearer(authorization: &str) -> Result<Option<&str>, Denial> {
    let scheme_end =
        authorization.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(authorization.len());
    let (scheme, rest) = authorization.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match rest.strip_prefix(' ') {
        Some(token) if !token.is_empty() && token.bytes().all(is_token) => Ok(Some(token)),
        Some(_) | None => Err(Denial::new(Reason::CredentialInvalid, "not one word after one space behind Bearer")),
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("Nothing"),
            Self::ApiKey { .. } => formatter.write_str("ApiKey(…)"),
            Self::AccessToken(_) => formatter.write_str("AccessToken(…)"),
            // A name is no secret.
            Self::Certificate(spiffe_id) => write!(formatter, "Certificate({spiffe_id})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::RawRequest;

    fn shown(pairs: &[(&str, &str)]) -> Result<Shown, Reason> {
        shown_by("", pairs)
    }

    fn shown_by(principal: &str, pairs: &[(&str, &str)]) -> Result<Shown, Reason> {
        let raw = RawRequest {
            method: "GET".to_owned(),
            host: "a.example".to_owned(),
            target: "/".to_owned(),
            headers: pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect(),
            principal: principal.to_owned(),
        };
        Shown::read(&Request::read(raw).unwrap()).map_err(|denial| denial.reason)
    }

    #[test]
    fn a_certificate_counts_where_no_header_shows_a_credential() {
        let certificate = Ok(Shown::Certificate("spiffe://td/ci".to_owned()));
        assert_eq!(shown_by("spiffe://td/ci", &[]), certificate);
        assert_eq!(shown_by("spiffe://td/ci", &[("authorization", "Basic YTpi")]), certificate);
        let token = Ok(Shown::AccessToken("a.b.c".to_owned()));
        assert_eq!(shown_by("spiffe://td/ci", &[("authorization", "Bearer a.b.c")]), token);
        assert_eq!(shown_by("spiffe://td/ci", &[("authorization", "Bearer")]), Err(Reason::CredentialInvalid));
        for other in ["", "ci.example", "CN=ci", "CN=spiffe://td/ci", "Spiffe://td/ci", " spiffe://td/ci"] {
            assert_eq!(shown_by(other, &[]), Ok(Shown::Nothing), "{other:?}");
        }
    }

    #[test]
    fn a_key_is_taken_from_either_header_and_a_token_from_one() {
        let key = |in_header| Ok(Shown::ApiKey { text: "bwk_a".to_owned(), in_header });
        assert_eq!(shown(&[("authorization", "Bearer bwk_a")]), key(AUTHORIZATION));
        assert_eq!(shown(&[("authorization", "bearer bwk_a")]), key(AUTHORIZATION));
        assert_eq!(shown(&[("x-api-key", "bwk_a")]), key(API_KEY));
        assert_eq!(shown(&[("authorization", "Bearer a.b.c")]), Ok(Shown::AccessToken("a.b.c".to_owned())));
        assert_eq!(shown(&[("authorization", "Basic YTpi")]), Ok(Shown::Nothing));
        assert_eq!(shown(&[("authorization", "Basic YTpi"), ("x-api-key", "bwk_a")]), key(API_KEY));
        assert_eq!(shown(&[]), Ok(Shown::Nothing));
    }

    #[test]
    fn a_bearer_token_is_one_word_after_one_space() {
        for bad in
            ["Bearer", "Bearer ", "Bearer  a", "Bearer\ta", "Bearer a b", "Bearer-a", "bEARER a;b", "Bearer a\"b"]
        {
            assert_eq!(shown(&[("authorization", bad)]), Err(Reason::CredentialInvalid), "{bad:?}");
        }
    }

    #[test]
    fn two_credentials_are_ambiguous() {
        for pairs in [
            &[("authorization", "Bearer a"), ("x-api-key", "bwk_a")][..],
            &[("authorization", "Bearer a,Bearer b")],
            &[("x-api-key", "bwk_a"), ("X-API-Key", "bwk_a")],
        ] {
            assert_eq!(shown(pairs), Err(Reason::RequestAmbiguous), "{pairs:?}");
        }
    }

    #[test]
    fn a_credential_is_never_printed() {
        assert_eq!(format!("{:?}", shown(&[("x-api-key", "bwk_secret")])), "Ok(ApiKey(…))");
    }
}
