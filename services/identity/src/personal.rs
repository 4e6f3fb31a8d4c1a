//! What identity knows of people, opened when it is asked for.

use chassis::TenantId;

use crate::Identity;
use crate::domain::data_key::DataKey;
use crate::domain::seal::Sealed;
use crate::domain::subject::{Kept, SubjectRecord};
use crate::error::Error;
use crate::store::tenants;

impl Identity {
    /// Another data key for a tenant, sealed itself.
    pub(crate) fn new_data_key(&self, tenant: &TenantId) -> Sealed {
        DataKey::make(&self.seal_keys, tenant, &*self.entropy)
    }

    /// A data key as it was kept.
    pub(crate) fn open_data_key(&self, tenant: &TenantId, kept: &Sealed) -> Result<DataKey, Error> {
        Ok(DataKey::open(&self.seal_keys, tenant, kept)?)
    }

    /// Users as they were kept, with what is known of them.
    pub(crate) async fn open_users(&self, tenant: &TenantId, kept: Vec<Kept>) -> Result<Vec<SubjectRecord>, Error> {
        if kept.iter().all(|user| user.sealed_name.is_none()) {
            return Ok(kept.into_iter().map(|user| user.record).collect());
        }
        let mut connection = self.database.connection().await?;
        let key = tenants::data_key(&mut connection, tenant).await?;
        let key = key.map(|key| self.open_data_key(tenant, &key)).transpose()?;
        kept.into_iter().map(|user| Ok(user.open(tenant, key.as_ref())?)).collect()
    }
}
