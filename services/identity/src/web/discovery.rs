//! The documents that OAuth 2 clients begin with (RFC 8414; OpenID Connect Discovery 1.0, 4): nothing that is not there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use contract::web;
use serde_json::{Value, json};

use crate::Identity;

/// How a client may say who it is.
const CLIENT_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// What it may sign assertions with.
const CLIENT_ALGORITHMS: [&str; 4] = ["ES256", "Ed25519", "EdDSA", "RS256"];

pub(super) async fn metadata(State(service): State<Arc<Identity>>) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(document(&service.issuer))).into_response()
}

fn document(issuer: &str) -> Value {
    let at = |path: &web::WebPath| format!("{issuer}{}", path.path);
    let mut document = json!({
        "issuer": issuer,
        "token_endpoint": at(&web::TOKEN),
        "introspection_endpoint": at(&web::INTROSPECT),
        "revocation_endpoint": at(&web::REVOKE),
        "jwks_uri": at(&web::KEYS),
        "grant_types_supported": ["client_credentials", super::token::TOKEN_EXCHANGE],
        // Required, and never empty (RFC 8414, 3.2): nobody logs in here.
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    for endpoint in ["token", "introspection", "revocation"] {
        document[format!("{endpoint}_endpoint_auth_methods_supported")] = json!(CLIENT_METHODS);
        document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")] = json!(CLIENT_ALGORITHMS);
    }
    document
}
