//! What identity answers over HTTP: OAuth 2 for programs, and the documents that its clients begin with.
//!
//! Clients authenticate here themselves, so gate lets everybody through to these paths. Every answer is in the standards' own form.

mod client;
mod discovery;
mod form;
mod introspect;
mod keys;
mod refusal;
mod revoke;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use contract::web;

use crate::Identity;

/// The longest form, in bytes: two tokens of the longest fit.
const FORM_BYTES_MAX: usize = 32 * 1024;

/// The routes.
pub(crate) fn router(service: Arc<Identity>) -> Router {
    Router::new()
        .route(web::TOKEN.path, post(token::token))
        .route(web::INTROSPECT.path, post(introspect::introspect))
        .route(web::REVOKE.path, post(revoke::revoke))
        .route(web::KEYS.path, get(keys::keys))
        .route(web::SERVER_METADATA.path, get(discovery::metadata))
        .route(web::PROVIDER_METADATA.path, get(discovery::metadata))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(service)
}
