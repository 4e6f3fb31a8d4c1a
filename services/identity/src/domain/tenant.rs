//! Tenants.

use chassis::{FieldInvalid, TenantId};
use time::OffsetDateTime;

use super::display_name::DisplayName;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) display_name: DisplayName,
    pub(crate) created_at: OffsetDateTime,
    /// When its deletion was asked for.
    pub(crate) deleting_at: Option<OffsetDateTime>,
}

/// The id of a tenant to be made: any but the reserved one.
pub(crate) fn read_new_id(text: &str) -> Result<TenantId, FieldInvalid> {
    let id: TenantId = text.parse().map_err(|error: chassis::subject::IdInvalid| error.at("tenant_id"))?;
    if id.is_system() { Err(FieldInvalid::new("tenant_id", "\"system\" is reserved")) } else { Ok(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tenant_cannot_be_made() {
        assert!(read_new_id("acme").is_ok());
        assert!(read_new_id("systems").is_ok());
        assert!(read_new_id("system").is_err());
    }
}
