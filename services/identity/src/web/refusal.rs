//! Refusals as OAuth 2 says them (RFC 6749, 5.2): a word for programs and a sentence for people, and nothing of what was sent.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Error;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A parameter is missing, doubled or of no form.
    InvalidRequest(&'static str),
    /// The client is unknown, or what it shows is wrong; nobody is told which.
    InvalidClient,
    /// What is to be exchanged is not valid, or not this client's.
    InvalidGrant(&'static str),
    /// The client may not do this.
    UnauthorizedClient(&'static str),
    /// There is no such grant here.
    UnsupportedGrantType,
    /// A scope is none, or not the client's.
    InvalidScope(&'static str),
    /// The client's tokens are not for this resource (RFC 8707, 2).
    InvalidTarget(&'static str),
    /// The service cannot now.
    Unavailable,
    /// The service made a mistake.
    Internal,
}

#[derive(Serialize)]
struct Body {
    error: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error_description: &'static str,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::InvalidRequest(text) => (bad, "invalid_request", text),
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "the client could not be authenticated")
            }
            Self::InvalidGrant(text) => (bad, "invalid_grant", text),
            Self::UnauthorizedClient(text) => (bad, "unauthorized_client", text),
            Self::UnsupportedGrantType => {
                (bad, "unsupported_grant_type", "the metadata lists the grants that there are")
            }
            Self::InvalidScope(text) => (bad, "invalid_scope", text),
            Self::InvalidTarget(text) => (bad, "invalid_target", text),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again in a moment"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", ""),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, error_description) = self.parts();
        let mut response = (status, Json(Body { error, error_description })).into_response();
        if self == Self::InvalidClient {
            let challenge = HeaderValue::from_static(r#"Basic realm="oauth2", charset="UTF-8""#);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self == Self::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        not_stored(response)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let unavailable = matches!(error, Error::Database(_));
        tracing::warn!(error = chassis::error::chain(&error), "a request over HTTP failed");
        if unavailable { Self::Unavailable } else { Self::Internal }
    }
}

/// An answer that nobody keeps (RFC 6749, 5.1).
pub(super) fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
