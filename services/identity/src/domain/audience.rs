//! Whom an access token is for (RFC 8707): Bailiwick itself, or what a credential names besides.

use chassis::auth::ACCESS_TOKEN_AUDIENCE;
use chassis::{FieldInvalid, LimitExceeded};

use crate::error::Error;

/// How many audiences a credential may name.
pub(crate) const AUDIENCES_MAX: usize = 16;

/// How long an audience may be.
const CHARACTERS_MAX: usize = 256;

/// Audiences: at most 16 absolute URIs without fragment, none of them twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audiences(Vec<String>);

impl Audiences {
    /// The audiences of a request.
    pub(crate) fn read(audiences: &[String]) -> Result<Self, Error> {
        if audiences.len() > AUDIENCES_MAX {
            let (max, given) = (AUDIENCES_MAX as u64, audiences.len() as u64);
            return Err(LimitExceeded { limit: "client_credential_audiences_max", max, given }.into());
        }
        for (index, audience) in audiences.iter().enumerate() {
            let problem = if !is_resource(audience) {
                "must be an absolute URI of at most 256 characters, without fragment"
            } else if audiences[..index].contains(audience) {
                "stands there twice"
            } else {
                continue;
            };
            return Err(FieldInvalid::new(format!("audiences[{index}]"), problem).into());
        }
        Ok(Self(audiences.to_vec()))
    }

    /// The audiences as they were kept.
    pub(crate) fn from_store(audiences: Vec<String>) -> Self {
        Self(audiences)
    }

    /// The audiences one by one.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whom a token is for that names these resources: one that the credential names, exactly; Bailiwick if it names none; nobody
    /// if it names several, since a token for two of them could be used by each at the other.
    pub(crate) fn choose<'a>(&'a self, resources: &[String]) -> Option<&'a str> {
        match resources {
            [] => Some(ACCESS_TOKEN_AUDIENCE),
            [one] => self.0.iter().find(|audience| *audience == one).map(String::as_str),
            _ => None,
        }
    }
}

/// Whether the text is an absolute URI without fragment (RFC 8707, 2), in characters that no one has to encode.
fn is_resource(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.len() <= CHARACTERS_MAX
        && scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(audiences: &[&str]) -> Vec<String> {
        audiences.iter().map(|audience| (*audience).to_owned()).collect()
    }

    #[test]
    fn an_audience_is_an_absolute_uri() {
        for good in ["https://documents.example.com", "https://a.example/x?y=z", "urn:acme:documents", "spiffe://td/a"]
        {
            assert!(Audiences::read(&owned(&[good])).is_ok(), "{good}");
        }
        let long = format!("https://{}", "a".repeat(249));
        for bad in ["", "documents", "/documents", "https:", "https://a#b", "https://a b", "1a:b", "a:é", long.as_str()]
        {
            assert!(Audiences::read(&owned(&[bad])).is_err(), "{bad}");
        }
        assert!(Audiences::read(&owned(&["urn:a", "urn:a"])).is_err());
    }

    #[test]
    fn a_token_is_for_one_that_the_credential_names_or_for_bailiwick() {
        let audiences = Audiences::read(&owned(&["urn:a", "urn:b"])).unwrap();
        assert_eq!(audiences.choose(&[]), Some(ACCESS_TOKEN_AUDIENCE));
        assert_eq!(audiences.choose(&owned(&["urn:b"])), Some("urn:b"));
        for refused in [&["urn:c"][..], &["urn:a", "urn:b"], &["URN:a"], &["urn:a/"], &[ACCESS_TOKEN_AUDIENCE]] {
            assert_eq!(audiences.choose(&owned(refused)), None, "{refused:?}");
        }
    }

    #[test]
    fn one_audience_too_many_names_the_limit() {
        let audiences: Vec<String> = (0..=AUDIENCES_MAX).map(|number| format!("urn:a{number}")).collect();
        assert!(Audiences::read(&audiences[1..]).is_ok());
        let Err(Error::Limit(exceeded)) = Audiences::read(&audiences) else { panic!("it is over the limit") };
        assert_eq!(exceeded.limit, "client_credential_audiences_max");
    }
}
