//! From the headers and the certificate to what was shown. Everything unknown, twice or half is refused.

use axum::http::{HeaderMap, HeaderValue};
use contract::{Reason, header};
use time::OffsetDateTime;

use super::{Authenticator, Refusal, Shown, ShownPeer};
use crate::feed::STALE_AFTER_DEFAULT;

/// What every API key begins with.
pub const API_KEY_PREFIX: &str = "bwk_";

impl Authenticator {
    /// What the caller shows, if it is genuine.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        peer: Option<ShownPeer>,
        now: OffsetDateTime,
    ) -> Result<Shown, Refusal> {
        // Gate's word is about the original caller, so it goes before the certificate of the gateway that brings it.
        if let Some(token) = single(headers, header::ASSERTION)? {
            return match self.assertions.verify(text(token)?, now) {
                Ok(claims) if self.learnt.revoked.is_deleted(&claims.tenant) => {
                    Err(invalid().because("its tenant was deleted"))
                }
                Ok(claims) => Ok(Shown::Assertion(claims)),
                Err(refused) => Err(invalid().because(refused)),
            };
        }
        if headers.contains_key("x-api-key") {
            return Err(Refusal::new(Reason::ApiKeyAtDirectPort, API_KEY_REFUSED));
        }
        if let Some(authorization) = single(headers, "authorization")? {
            let token = bearer(text(authorization)?).ok_or_else(|| invalid().because("not a bearer token"))?;
            if token.starts_with(API_KEY_PREFIX) {
                return Err(Refusal::new(Reason::ApiKeyAtDirectPort, API_KEY_REFUSED));
            }
            return self.token(token, now);
        }
        Ok(peer.map_or(Shown::Nothing, Shown::Certificate))
    }

    fn token(&self, token: &str, now: OffsetDateTime) -> Result<Shown, Refusal> {
        let claims = self.tokens.verify(token, now).map_err(|refused| invalid().because(refused))?;
        // The token ends with what it was given for, and nobody is believed whose end might have been missed.
        if self.learnt.revoked.ends(&claims) {
            return Err(invalid().because("it was revoked, or what it was given for"));
        }
        let silence = self.learnt.freshness.age();
        if silence > STALE_AFTER_DEFAULT {
            let text = "the service has not heard of identity for too long to believe a token";
            return Err(Refusal::new(Reason::PeerUnavailable, text)
                .because(format!("{} s", silence.as_secs()))
                .with("peer", "identity"));
        }
        Ok(Shown::Token(claims))
    }
}

const API_KEY_REFUSED: &str =
    "a service's own port takes no API keys: call through the gateway, or exchange the key there for an access token";

fn invalid() -> Refusal {
    Refusal::new(Reason::CredentialInvalid, "the credential is not valid")
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Refusal::new(Reason::RequestAmbiguous, "a credential stands twice").because(name)),
    }
}

fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map_err(|_| Refusal::new(Reason::RequestAmbiguous, "a credential is not plain ASCII"))
}

/// The token of `Bearer TOKEN` (RFC 6750, 2.1): one space, and no other character that could end or join it.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token_character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(token_character)).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_one_word_after_one_space() {
        assert_eq!(bearer("Bearer abc.def"), Some("abc.def"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer  abc",
            "Bearer abc,def",
            "Bearer a b",
            "Bearer\tabc",
            "Basic abc",
            " Bearer abc",
        ] {
            assert_eq!(bearer(bad), None, "{bad:?}");
        }
    }
}
