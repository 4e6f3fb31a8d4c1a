//! Founds the first tenant against the one-time secret; its administrator also administers the installation.

use std::sync::Arc;

use chassis::api_key::ApiKey;
use chassis::{AuditEvent, Context, UnitOfWork};
use contract::identity::v1::{BootstrapRequest, BootstrapResponse};
use zeroize::Zeroizing;

use super::{events, messages};
use crate::domain::data_key::DataKey;
use crate::domain::founding::Wish;
use crate::domain::scope::Scopes;
use crate::store::{bootstrap as bootstraps, tenants};
use crate::{Error, Identity};

pub(crate) async fn bootstrap(
    service: Arc<Identity>,
    ctx: Context,
    request: BootstrapRequest,
) -> Result<BootstrapResponse, Error> {
    let shown = Zeroizing::new(request.secret);
    // The secret first of all: whoever has it not learns nothing, not even whether it is too late.
    if !service.bootstrap_secret.as_ref().is_some_and(|secret| secret.is(&shown)) {
        return Err(Error::BootstrapSecretInvalid);
    }
    let wish = Wish::read(&request.tenant_id, &request.display_name, &request.administrator_id)?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;

    let key = ApiKey::generate(&*service.entropy);
    let founding = wish.found(&key, Scopes::all(), ctx.now);

    let data_key = DataKey::make(&service.seal_keys, &founding.tenant.id, &*service.entropy);
    tenants::found(work.connection(), &founding, &service.secrets.hash(&key), &data_key).await?;
    bootstraps::insert(work.connection(), &founding.tenant.id, ctx.now).await?;
    work.publish(&events::tenant_created(&founding, true));
    work.publish(&events::api_key_created(&founding.api_key));
    let mut event = AuditEvent::of(&ctx, format!("tenant:{}", founding.tenant.id));
    founding.tenant.id.as_str().clone_into(&mut event.tenant);
    work.commit(event).await?;

    Ok(BootstrapResponse {
        tenant: Some(messages::tenant(&founding.tenant)),
        administrator: Some(messages::service_account(&founding.administrator)),
        api_key: Some(messages::api_key(&founding.api_key)),
        api_key_secret: key.expose().to_owned(),
    })
}
