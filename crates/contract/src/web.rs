//! What services answer over plain HTTP instead of gRPC, because the standards that it belongs to say so.
//!
//! Everybody may call these: they authenticate their clients themselves, or tell nothing that is secret.

/// A path that a service answers over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebPath {
    /// `GET` or `POST`, and no other.
    pub method: &'static str,
    /// The path, exactly.
    pub path: &'static str,
    /// Who answers it.
    pub service: &'static str,
    /// Whether it may be repeated: it changes nothing, and nothing that it was sent is good only once.
    pub repeatable: bool,
}

/// The token endpoint of OAuth 2 (RFC 6749, 3.2).
pub const TOKEN: WebPath = WebPath { method: "POST", path: "/oauth2/token", service: "identity", repeatable: false };

/// Introspection of tokens (RFC 7662).
pub const INTROSPECT: WebPath =
    WebPath { method: "POST", path: "/oauth2/introspect", service: "identity", repeatable: false };

/// Revocation of tokens (RFC 7009).
pub const REVOKE: WebPath = WebPath { method: "POST", path: "/oauth2/revoke", service: "identity", repeatable: false };

/// The keys that access tokens are verified with (RFC 7517, 5).
pub const KEYS: WebPath =
    WebPath { method: "GET", path: "/.well-known/jwks.json", service: "identity", repeatable: true };

/// What an OAuth 2 client must know (RFC 8414).
pub const SERVER_METADATA: WebPath =
    WebPath { method: "GET", path: "/.well-known/oauth-authorization-server", service: "identity", repeatable: true };

/// The same where OpenID Connect looks for it (Discovery 1.0, 4).
pub const PROVIDER_METADATA: WebPath =
    WebPath { method: "GET", path: "/.well-known/openid-configuration", service: "identity", repeatable: true };

/// Every such path.
pub const WEB_PATHS: &[WebPath] = &[TOKEN, INTROSPECT, REVOKE, KEYS, SERVER_METADATA, PROVIDER_METADATA];
