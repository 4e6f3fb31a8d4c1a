//! `POST /oauth2/token` (RFC 6749, 3.2): an access token for a client that shows who it is.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chassis::web::WebContext;
use serde::Serialize;

use super::client::{self, Client};
use super::form::Form;
use super::refusal::{Refusal, not_stored};
use crate::Identity;
use crate::domain::access_token::Grant;
use crate::domain::scope::Scopes;

/// A token, as clients read it (RFC 6749, 5.1).
#[derive(Serialize)]
struct Answer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

pub(super) async fn token(
    State(service): State<Arc<Identity>>,
    Extension(context): Extension<WebContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Form::read(&headers, &body)?;
    let grant_type = form.require("grant_type", "grant_type is missing")?;
    match grant_type {
        "client_credentials" => {}
        _ => return Err(Refusal::UnsupportedGrantType),
    }
    let client = client::authenticate(&service, &headers, &form, context.now).await?;

    let answer = client_credentials(&service, &client, &form, &context)?;

    Ok(not_stored(Json(answer).into_response()))
}

/// A token for the client itself (RFC 6749, 4.4).
fn client_credentials(
    service: &Identity,
    client: &Client,
    form: &Form,
    context: &WebContext,
) -> Result<Answer, Refusal> {
    let scopes = scopes(form, &client.scopes)?;
    let audience = client.audiences.choose(&form.all("resource")).ok_or(NOT_A_TARGET)?;
    let grant = Grant {
        tenant: &client.id.tenant,
        subject: &client.id.account,
        client_id: client.id.to_string(),
        credential: client.credential.clone(),
        scopes: &scopes,
        audience,
        ends_at: client.ends_at,
        actor: None,
    };
    let token = service.make_token(&grant, context.now)?.ok_or(Refusal::InvalidClient)?;
    let expires_in = token.expires_at - token.issued_at;
    let scope = scopes.as_slice().join(" ");
    Ok(Answer { access_token: token.text, token_type: "Bearer", expires_in, scope })
}

/// The scopes that are asked for, each among those that may be had; all of those if none is named.
fn scopes(form: &Form, held: &Scopes) -> Result<Scopes, Refusal> {
    let Some(text) = form.get("scope") else { return Ok(held.clone()) };
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let scopes = Scopes::read(&words).map_err(|_| Refusal::InvalidScope("a scope is none, or stands twice"))?;
    match scopes.first_not_among(held.as_slice()) {
        Some(_) => Err(Refusal::InvalidScope("the client's credential does not have one of the scopes")),
        None => Ok(scopes),
    }
}

const NOT_A_TARGET: Refusal =
    Refusal::InvalidTarget("the client's credential does not name the resource, or several are asked for at once");
