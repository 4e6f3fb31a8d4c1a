//! Adds a credential to a service account of the caller's tenant: a public key, or a secret that is made here.

use std::sync::Arc;

use chassis::api_key::ClientSecret;
use chassis::idempotency::{Claimed, IdempotencyKey};
use chassis::{AuditEvent, Context, Subject, SubjectKind, UnitOfWork};
use contract::identity::v1::{AddClientCredentialRequest, AddClientCredentialResponse};

use super::messages;
use crate::domain::api_key::check_expires_at;
use crate::domain::audience::Audiences;
use crate::domain::client_credential::{ClientCredential, has_room};
use crate::domain::client_key::ClientKey;
use crate::domain::display_name::DisplayName;
use crate::domain::scope::Scopes;
use crate::error::Thing;
use crate::store::{client_credentials, tenants};
use crate::{Error, Identity};

pub(crate) async fn add_client_credential(
    service: Arc<Identity>,
    ctx: Context,
    request: AddClientCredentialRequest,
) -> Result<AddClientCredentialResponse, Error> {
    let idempotency = IdempotencyKey::read(&request.idempotency_key, &request)?;
    let account = Subject::new(SubjectKind::ServiceAccount, &request.service_account_id)
        .map_err(|error| error.at("service_account_id"))?;
    let display_name = DisplayName::read_or_empty(&request.display_name)?;
    let scopes = Scopes::read(&request.scopes)?;
    let audiences = Audiences::read(&request.audiences)?;
    let key = if request.jwk.is_empty() { None } else { Some(ClientKey::read(&request.jwk, "jwk")?) };
    let expires_at = messages::read_time(request.expires_at.as_ref(), "expires_at")?;

    if let Some(idempotency) = &idempotency
        && let Some(earlier) = idempotency.earlier(&service.database, &ctx).await?
    {
        return Ok(earlier);
    }

    let expires_at = check_expires_at(expires_at, ctx.now)?;
    let held = ctx.subject().map_or(&[][..], |caller| &caller.scopes);
    if let Some(scope) = scopes.first_not_givable(held) {
        return Err(Error::ScopeNotHeld(scope.to_owned()));
    }
    // A key's id comes of the same source as a secret's, whose text is then thrown away.
    let secret = ClientSecret::generate(&*service.entropy);
    let secret_hash = key.is_none().then(|| service.secrets.hash(&secret));
    let credential = ClientCredential {
        id: secret.id().clone(),
        tenant: ctx.tenant().clone(),
        account,
        display_name,
        scopes,
        audiences,
        key,
        created_at: ctx.now,
        expires_at,
        revoked_at: None,
    };
    let shown = Some(messages::client_credential(&credential));
    let mut response = AddClientCredentialResponse { client_credential: shown, secret: String::new() };

    let work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut work = match IdempotencyKey::claim(idempotency.as_ref(), work, &service.database, &ctx, &response).await? {
        Claimed::First(work) => work,
        Claimed::Earlier(earlier) => return Ok(earlier),
    };
    tenants::hold(work.connection(), ctx.tenant()).await?;
    let living = client_credentials::count_living(work.connection(), &credential.client_id(), ctx.now).await?;
    has_room(living.ok_or(Error::NotFound(Thing::ServiceAccount))?)?;
    client_credentials::insert(work.connection(), &credential, secret_hash.as_ref()).await?;
    work.commit(AuditEvent::of(&ctx, format!("client_credential:{}", credential.id))).await?;

    // Only now: what the idempotency key remembers must not hold it.
    if credential.key.is_none() {
        secret.expose().clone_into(&mut response.secret);
    }
    Ok(response)
}
