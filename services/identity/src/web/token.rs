//! `POST /oauth2/token` (RFC 6749, 3.2): an access token for a client that shows who it is.

use std::sync::Arc;

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
use crate::domain::access_token::Grant;
use crate::domain::client::Client;
use crate::domain::scope::Scopes;
use crate::domain::token_exchange::{self, ExchangeRefused};

/// The grant of RFC 8693, 2.1.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The one kind of token that is exchanged here, and what for (RFC 8693, 3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A token, as clients read it (RFC 6749, 5.1).
#[derive(Serialize)]
struct Answer {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

pub(super) async fn token(
    State(service): State<Arc<Identity>>,
    Extension(context): Extension<WebContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Form::read(&headers, &body)?;
    let grant_type = form.require("grant_type", "grant_type is missing")?;
    if !["client_credentials", TOKEN_EXCHANGE].contains(&grant_type) {
        return Err(Refusal::UnsupportedGrantType);
    }
    let client = client::authenticate(&service, &headers, &form, context.now).await?;

    let answer = if grant_type == TOKEN_EXCHANGE {
        exchange(&service, &client, &form, &context).await?
    } else {
        client_credentials(&service, &client, &form, &context)?
    };

    Ok(not_stored(Json(answer).into_response()))
}

/// A token for the client itself (RFC 6749, 4.4).
fn client_credentials(
    service: &Identity,
    client: &Client,
    form: &Form,
    context: &WebContext,
) -> Result<Answer, Refusal> {
    let scopes = match wanted(form)? {
        None => client.scopes.clone(),
        Some(wanted) if wanted.first_not_among(client.scopes.as_slice()).is_none() => wanted,
        Some(_) => return Err(Refusal::InvalidScope("the client's credential does not have one of the scopes")),
    };
    let grant = Grant {
        tenant: &client.id.tenant,
        subject: &client.id.account,
        client_id: client.id.to_string(),
        credential: client.credential.clone(),
        scopes: &scopes,
        audience: client.audiences.choose(&form.all("resource")).ok_or(NOT_A_TARGET)?,
        ends_at: client.ends_at,
        actor: None,
        ends_with: Vec::new(),
    };
    answer(service, &grant, context, None)
}

/// A token for whom another token speaks of, with the client acting for them (RFC 8693).
async fn exchange(service: &Identity, client: &Client, form: &Form, context: &WebContext) -> Result<Answer, Refusal> {
    let subject_token = form.require("subject_token", "subject_token is missing")?;
    let kinds = [form.get("subject_token_type"), form.get("requested_token_type").or(Some(ACCESS_TOKEN))];
    if kinds != [Some(ACCESS_TOKEN), Some(ACCESS_TOKEN)] {
        return Err(Refusal::InvalidRequest("access tokens are exchanged for access tokens, and no other kind"));
    }
    if form.get("actor_token").is_some() || form.get("actor_token_type").is_some() {
        return Err(Refusal::InvalidRequest("the client itself acts: there is no other actor"));
    }
    let wanted = wanted(form)?;
    let targets = [form.all("resource"), form.all("audience")].concat();
    let audience = client.audiences.choose(&targets).ok_or(NOT_A_TARGET)?;

    let living = service.living_token(subject_token, context.now).await?;

    let token = living.ok_or(Refusal::InvalidGrant("the subject_token is not valid"))?;
    let exchange = token_exchange::decide(&token, client, wanted.as_ref()).map_err(|refused| match refused {
        // As an invalid one: what others' tokens are worth is not this client's to learn.
        ExchangeRefused::NotForTheClient => Refusal::InvalidGrant("the subject_token is not valid"),
        ExchangeRefused::TooManyActors => Refusal::InvalidRequest("at most 4 may act for one another in a row"),
        ExchangeRefused::Scope => {
            Refusal::InvalidScope("the subject_token or the client does not have one of the scopes")
        }
    })?;
    let grant = Grant {
        tenant: &client.id.tenant,
        subject: &exchange.subject,
        client_id: client.id.to_string(),
        credential: client.credential.clone(),
        scopes: &exchange.scopes,
        audience,
        ends_at: Some(exchange.ends_at),
        actor: exchange.actor,
        ends_with: exchange.ends_with,
    };
    answer(service, &grant, context, Some(ACCESS_TOKEN))
}

fn answer(
    service: &Identity,
    grant: &Grant<'_>,
    context: &WebContext,
    issued_token_type: Option<&'static str>,
) -> Result<Answer, Refusal> {
    let token = service.make_token(grant, context.now)?.ok_or(Refusal::InvalidClient)?;
    Ok(Answer {
        access_token: token.text,
        token_type: "Bearer",
        expires_in: token.expires_at - token.issued_at,
        scope: grant.scopes.as_slice().join(" "),
        issued_token_type,
    })
}

/// The scopes that are asked for, if any are.
fn wanted(form: &Form) -> Result<Option<Scopes>, Refusal> {
    let Some(text) = form.get("scope") else { return Ok(None) };
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    Scopes::read(&words).map(Some).map_err(|_| Refusal::InvalidScope("a scope is none, or stands twice"))
}

const NOT_A_TARGET: Refusal =
    Refusal::InvalidTarget("the client's credential does not name the resource, or several are asked for at once");
