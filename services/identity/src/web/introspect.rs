//! `POST /oauth2/introspect` (RFC 7662): whether an access token lives, for clients of the tenant that it belongs to.

use std::sync::Arc;

use assertion::AccessTokenClaims;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chassis::web::WebContext;
use serde::Serialize;

use super::client;
use super::form::Form;
use super::refusal::{Refusal, not_stored};
use crate::Identity;

/// What is said of a token that lives; of any other, `active` alone.
#[derive(Serialize)]
struct Answer<'a> {
    active: bool,
    #[serde(flatten)]
    claims: Option<Claims<'a>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    token_type: &'static str,
    #[serde(flatten)]
    token: &'a AccessTokenClaims,
}

pub(super) async fn introspect(
    State(service): State<Arc<Identity>>,
    Extension(context): Extension<WebContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Form::read(&headers, &body)?;
    let client = client::authenticate(&service, &headers, &form, context.now).await?;
    let token = form.require("token", "token is missing")?;

    let living = service.living_token(token, context.now).await?;

    // To a client of another tenant, there is no such token.
    let told = living.as_deref().filter(|claims| claims.tenant == client.id.tenant.as_str());

    let claims = told.map(|token| Claims { token_type: "Bearer", token });
    Ok(not_stored(Json(Answer { active: claims.is_some(), claims }).into_response()))
}
