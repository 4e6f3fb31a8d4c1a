//! What the tokens say. Every claim is required: one that is absent or of another type refuses the whole token.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Refused;

/// A token of somebody, that lives from one moment to another, both in seconds since 1970.
pub trait Timed {
    /// Who made it (`iss`).
    fn issuer(&self) -> &str;
    /// When it was made (`iat`).
    fn issued_at(&self) -> i64;
    /// When it ends (`exp`).
    fn expires_at(&self) -> i64;
}

/// What gate says about one caller on one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionClaims {
    /// Who made it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Who it is for.
    #[serde(rename = "aud")]
    pub audience: String,
    /// Who is calling: `user:ID` or `service_account:ID`; empty on a route that lets anyone in.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The tenant that the subject belongs to, and the only one that the call may touch; empty if there is no subject.
    pub tenant: String,
    /// What the credential may be used for, separated by spaces.
    pub scope: String,
    /// The route that let the call in. For Bailiwick's own RPCs, the path of the RPC.
    pub route: String,
    /// What the caller was found to be allowed, as `type#permission`; several are joined by `&` if all were asked for and by `|` if any
    /// was. Empty if the route asks for nothing, and if nothing was found (see `verdict`).
    pub permission: String,
    /// Whether the caller was found to be allowed what the route asks for.
    pub verdict: Verdict,
    /// The one request that it is good for, as [`request_digest`] has it; empty if it is good for the whole route.
    pub request: String,
    /// The id of the credential that was shown; empty if none was.
    pub credential: String,
    /// The kind of the credential that was shown: `api_key`, `access_token` or empty.
    pub credential_kind: String,
    /// When it was made, in seconds since 1970.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at: i64,
}

/// What came of the route's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The caller may, or the route asks for nothing.
    Allowed,
    /// Nobody could say, and the route lets pass then (`on_error: allow`).
    Undecided,
    /// The route only watches (`mode: shadow`), and would have denied the call. Who is calling is said only if that is certain.
    Shadow,
}

impl AssertionClaims {
    /// Whether the assertion was made for just this request. One that is bound to none was not: an upstream that asks wants a route
    /// with `bind: request`.
    ///
    /// # Errors
    /// [`Refused::OtherRequest`].
    pub fn must_be_for(&self, method: &str, host: &str, path: &str) -> Result<(), Refused> {
        if self.request == request_digest(method, host, path) { Ok(()) } else { Err(Refused::OtherRequest) }
    }
}

/// A request's digest: SHA-256 in lower-case hexadecimal of method, host and path, each with a line feed after it, which none of them
/// can hold. The host is in lower case and without a port; the path is as it was sent, without its query; a gRPC call's
/// method is `POST`.
pub fn request_digest(method: &str, host: &str, path: &str) -> String {
    let mut hash = Sha256::new();
    for part in [method, host, path] {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an access token says (RFC 9068).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// Who made it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// Who it is for.
    #[serde(rename = "aud")]
    pub audience: String,
    /// Whose it is: `user:ID` or `service_account:ID`.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Which client asked for it: `TENANT.SERVICE_ACCOUNT`, or the id of the API key that it was exchanged for.
    pub client_id: String,
    /// What the client showed: the id of its credential. The token ends with it.
    pub credential: String,
    /// The tenant of the subject.
    pub tenant: String,
    /// What it may be used for, separated by spaces.
    pub scope: String,
    /// Its own id.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// When it was made, in seconds since 1970.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// Who acts for the subject, if it is not the subject itself (RFC 8693, 4.1).
    #[serde(rename = "act", default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Box<Actor>>,
    /// What else it ends with: the tokens that it was exchanged for, and their credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
}

/// Somebody who acts for another, and for whom others may act in turn (RFC 8693, 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `user:ID` or `service_account:ID`, of the token's tenant.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Who acted before.
    #[serde(rename = "act", default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Box<Actor>>,
}

impl Timed for AssertionClaims {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn issued_at(&self) -> i64 {
        self.issued_at
    }

    fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

impl Timed for AccessTokenClaims {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn issued_at(&self) -> i64 {
        self.issued_at
    }

    fn expires_at(&self) -> i64 {
        self.expires_at
    }
}
