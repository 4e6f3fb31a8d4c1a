//! Seals what does not lie as it should: names of users that lie in clear, as an earlier release left them, and data keys that lie under
//! an earlier seal key.

use std::sync::Arc;
use std::time::Duration;

use chassis::{Subject, SubjectKind, TenantId};

use crate::Identity;
use crate::domain::data_key::DataKey;
use crate::domain::display_name::DisplayName;
use crate::error::Error;
use crate::store::{broken, subjects, tenants};

/// How long to wait before another look.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How many rows are looked at in one go.
const ROWS_AT_ONCE: i64 = 500;

/// Runs for as long as the service does.
pub(crate) async fn run(service: Arc<Identity>) {
    loop {
        if let Err(error) = look(&service).await {
            tracing::warn!(error = chassis::error::chain(&error), "what should be sealed anew is not yet");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn look(service: &Identity) -> Result<(), Error> {
    renew_data_keys(service).await?;
    while seal_names(service).await? {}
    Ok(())
}

async fn renew_data_keys(service: &Identity) -> Result<(), Error> {
    let (pool, seal_keys) = (service.database.pool(), &service.seal_keys);
    let mut after = String::new();
    loop {
        let kept = tenants::data_keys_not_under(pool, seal_keys.current(), &after, ROWS_AT_ONCE).await?;
        let Some((last, _)) = kept.last() else { return Ok(()) };
        last.clone_into(&mut after);
        for (tenant, kept) in &kept {
            let tenant: TenantId = tenant.parse().map_err(broken)?;
            // One that cannot be opened here is counted as missing, and holds up no other.
            if let Ok(Some(renewed)) = DataKey::renew(seal_keys, &tenant, kept) {
                tenants::renew_data_key(pool, &tenant, kept, &renewed).await?;
            }
        }
    }
}

/// Seals some names; false if none lies in clear.
async fn seal_names(service: &Identity) -> Result<bool, Error> {
    let found = subjects::unsealed(service.database.pool(), ROWS_AT_ONCE).await?;
    let Some(first) = found.first() else { return Ok(false) };
    // One tenant's in one transaction: they come by tenant.
    let tenant: TenantId = first.tenant.parse().map_err(broken)?;
    let mut transaction = service.database.pool().begin().await?;
    let key = tenants::held_data_key(&mut transaction, &tenant, || service.new_data_key(&tenant)).await?;
    let key = service.open_data_key(&tenant, &key)?;
    for user in found.iter().filter(|user| user.tenant == first.tenant) {
        let person = Subject::new(SubjectKind::User, &user.id).map_err(broken)?;
        let sealed = key.seal_name(&tenant, &person, &DisplayName::known(user.display_name.clone()));
        subjects::seal(&mut transaction, user, &sealed).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
