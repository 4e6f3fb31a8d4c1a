//! Ends a credential of an OAuth 2 client in the caller's tenant, and with it the tokens that were given for it.

use std::sync::Arc;

use chassis::api_key::ApiKeyIdInvalid;
use chassis::{AuditEvent, Context, FieldInvalid, UnitOfWork};
use contract::identity::v1::{RevokeClientCredentialRequest, RevokeClientCredentialResponse};

use super::{events, messages};
use crate::error::Thing;
use crate::store::client_credentials;
use crate::{Error, Identity};

pub(crate) async fn revoke_client_credential(
    service: Arc<Identity>,
    ctx: Context,
    request: RevokeClientCredentialRequest,
) -> Result<RevokeClientCredentialResponse, Error> {
    let id = request.client_credential_id.parse();
    let id = id.map_err(|_: ApiKeyIdInvalid| FieldInvalid::new("client_credential_id", ID_FORM))?;

    let found = client_credentials::find(service.database.pool(), ctx.tenant(), &id).await?;

    let mut credential = found.ok_or(Error::NotFound(Thing::ClientCredential))?;

    if credential.revoked_at.is_none() {
        let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
        if client_credentials::revoke(work.connection(), ctx.tenant(), &id, ctx.now).await? {
            credential.revoked_at = Some(ctx.now);
            work.publish(&events::client_credential_revoked(&credential));
            work.commit(AuditEvent::of(&ctx, format!("client_credential:{id}"))).await?;
        } else {
            // Another call was faster: the credential ended at its time.
            drop(work);
            let found = client_credentials::find(service.database.pool(), ctx.tenant(), &id).await?;
            credential = found.ok_or(Error::NotFound(Thing::ClientCredential))?;
        }
    }

    Ok(RevokeClientCredentialResponse { client_credential: Some(messages::client_credential(&credential)) })
}

const ID_FORM: &str = "must be 16 characters of 0-9, A-Z and a-z";
