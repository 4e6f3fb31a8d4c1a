//! What the tokens say. Every claim is required: one that is absent or of another type refuses the whole token.

use serde::{Deserialize, Serialize};

/// A token that lives from one moment to another, both in seconds since 1970.
pub trait Timed {
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
    /// What the caller was found to be allowed, as `type#permission`; empty if the route asks for nothing.
    pub permission: String,
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
    /// Which client asked for it: the id of the API key that it was exchanged for.
    pub client_id: String,
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
}

impl Timed for AssertionClaims {
    fn issued_at(&self) -> i64 {
        self.issued_at
    }

    fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

impl Timed for AccessTokenClaims {
    fn issued_at(&self) -> i64 {
        self.issued_at
    }

    fn expires_at(&self) -> i64 {
        self.expires_at
    }
}
