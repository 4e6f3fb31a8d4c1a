//! What identity knows of people: sealed when it is written, opened when it is asked for.

use chassis::TenantId;
use chassis::database::Connection;

use crate::Identity;
use crate::domain::data_key::DataKey;
use crate::domain::subject::{Kept, SubjectRecord};
use crate::error::{Error, Thing};
use crate::store::tenants;

impl Identity {
    /// The key that a tenant's people are sealed with, made if there is none. The tenant lives until the end of the transaction.
    pub(crate) async fn key_to_seal(&self, connection: &mut Connection, tenant: &TenantId) -> Result<DataKey, Error> {
        let gone = Error::NotFound(Thing::Tenant);
        tenants::hold(connection, tenant).await?;
        let kept = match tenants::data_key(&mut *connection, tenant).await? {
            Some(kept) => kept,
            None => {
                tenants::add_data_key(connection, tenant, &DataKey::make(&self.seal_keys, tenant, &*self.entropy))
                    .await?;
                // Another call may have been faster: one key counts.
                tenants::data_key(connection, tenant).await?.ok_or(gone)?
            }
        };
        Ok(DataKey::open(&self.seal_keys, tenant, &kept)?)
    }

    /// Users as they were kept, with what is known of them.
    pub(crate) async fn open_users(&self, tenant: &TenantId, kept: Vec<Kept>) -> Result<Vec<SubjectRecord>, Error> {
        if kept.iter().all(|user| user.sealed_name.is_none()) {
            return Ok(kept.into_iter().map(|user| user.record).collect());
        }
        let mut connection = self.database.connection().await?;
        let key = tenants::data_key(&mut connection, tenant).await?;
        let key = key.map(|key| DataKey::open(&self.seal_keys, tenant, &key)).transpose()?;
        kept.into_iter().map(|user| Ok(user.open(tenant, key.as_ref())?)).collect()
    }
}
