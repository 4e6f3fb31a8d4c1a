//! `POST /oauth2/revoke` (RFC 7009): ends an access token of the client's before its time. Every verifier hears of it by the feed.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::web::WebContext;
use chassis::{AuditEvent, UnitOfWork};
use time::OffsetDateTime;

use super::client;
use super::form::Form;
use super::refusal::{Refusal, not_stored};
use crate::grpc::events;
use crate::store::revoked_tokens;
use crate::{Error, Identity};

/// How many tokens one client may have ended that would live still. Every verifier remembers them, of all clients; whoever wants
/// to end more ends the credential.
const REVOKED_MAX: u64 = 1_000;

pub(super) async fn revoke(
    State(service): State<Arc<Identity>>,
    Extension(context): Extension<WebContext>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Form::read(&headers, &body)?;
    let client = client::authenticate(&service, &headers, &form, context.now).await?;
    // What kind of token the client thinks that it is makes no difference: there is one kind.
    let token = form.require("token", "token is missing")?;

    let living = service.living_token(token, context.now).await?;

    // One that does not live, and one that never did, are ended already.
    let Some(claims) = living else { return Ok(done()) };
    if claims.client_id != client.id.to_string() {
        return Err(Refusal::UnauthorizedClient("the token was not given to this client"));
    }
    let expires_at = OffsetDateTime::from_unix_timestamp(claims.expires_at).map_err(|_| Refusal::Internal)?;

    if revoked_tokens::count_of_client(service.database.pool(), &client.id, context.now).await? >= REVOKED_MAX {
        tracing::warn!(client = %client.id, "revoked_tokens_per_client_max is reached");
        return Err(Refusal::Unavailable);
    }
    let mut work = UnitOfWork::begin(&service.database, context.now).await.map_err(Error::from)?;
    if revoked_tokens::add(work.connection(), &claims.token_id, &client.id, expires_at).await? {
        let event = events::access_token_revoked(&claims.token_id, &claims.tenant, expires_at);
        work.publish_until(&event, expires_at);
        let event = AuditEvent {
            action: "identity.access_token.revoked".to_owned(),
            tenant: claims.tenant.clone(),
            actor: client.id.account.to_string(),
            credential: client.credential.clone(),
            object: format!("access_token:{}", claims.token_id),
            request_id: context.request_id.as_ref().to_owned(),
            at: context.now,
        };
        work.commit(event).await.map_err(Error::from)?;
    }

    Ok(done())
}

fn done() -> Response {
    not_stored(StatusCode::OK.into_response())
}
