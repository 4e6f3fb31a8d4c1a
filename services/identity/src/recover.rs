//! The way back in, when every key of the installation's administrators is lost: by the database's password and the pepper.
//!
//! A key of a service account that is there, if it still administers the installation; or another tenant, whose administrator does, if
//! nobody is left who does. Either is in the feed and in the audit trail, as if it had been done by an RPC.

use chassis::api_key::ApiKey;
use chassis::clock::{Clock as _, SystemClock, SystemEntropy};
use chassis::config::Recover;
use chassis::{AuditEvent, Database, UnitOfWork};
use time::Duration;

use crate::domain::data_key::DataKey;
use crate::domain::founding::Wish;
use crate::domain::pepper::Peppers;
use crate::domain::scope::Scopes;
use crate::domain::seal::SealKeys;
use crate::error::{Error, Thing};
use crate::grpc::events;
use crate::store::{api_keys, subjects, tenants};

/// How long the key is good for: long enough to make others with it.
const GOOD_FOR: Duration = Duration::DAY;

/// The action of the audit event.
const ACTION: &str = "identity.administrator.recovered";

/// Makes the key, and answers it.
pub(crate) async fn recover(
    database: &Database,
    peppers: &Peppers,
    seal_keys: &SealKeys,
    lost: &Recover,
) -> Result<String, Error> {
    let now = SystemClock.now();
    let wish = Wish::read(&lost.tenant, &lost.tenant, &lost.administrator)?;

    let key = ApiKey::generate(&SystemEntropy);
    let mut founding = wish.found(&key, Scopes::all(), now);
    founding.api_key.expires_at = Some(now + GOOD_FOR);
    let (tenant, administrator) = (&founding.tenant.id, &founding.administrator.subject);
    let is_there = tenants::find(database.pool(), tenant).await?.is_some();
    if is_there && subjects::find(database.pool(), tenant, administrator).await?.is_none() {
        return Err(Error::NotFound(Thing::ServiceAccount));
    }

    let mut work = UnitOfWork::begin(database, now).await?;
    if is_there {
        // Not one that is being deleted.
        tenants::hold(work.connection(), tenant).await?;
        api_keys::insert(work.connection(), &founding.api_key, &peppers.hash(&key)).await?;
    } else {
        let data_key = DataKey::make(seal_keys, tenant, &SystemEntropy);
        tenants::found(work.connection(), &founding, &peppers.hash(&key), &data_key).await?;
        work.publish(&events::tenant_created(&founding, true));
    }
    work.publish(&events::api_key_created(&founding.api_key));
    work.commit(AuditEvent::of_service(ACTION, "identity", tenant.as_str(), administrator.to_string(), now)).await?;
    Ok(key.expose().to_owned())
}
