//! A tenant's data key: what identity knows of the tenant's people lies sealed under it, each field for just its own place.

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use chassis::clock::{Entropy, random};
use chassis::{Subject, TenantId};
use zeroize::Zeroizing;

use super::display_name::DisplayName;
use super::seal::{self, SealKeys, Sealed, WrongSeal};

/// The key, ready for use.
pub(crate) struct DataKey(RandomizedNonceKey);

impl DataKey {
    /// A new key of a tenant, as it is to be kept.
    pub(crate) fn make(seal_keys: &SealKeys, tenant: &TenantId, entropy: &dyn Entropy) -> Sealed {
        let key = Zeroizing::new(random::<32>(entropy));
        seal_keys.seal(&place(tenant), key.as_slice())
    }

    /// The key that was kept.
    pub(crate) fn open(seal_keys: &SealKeys, tenant: &TenantId, kept: &Sealed) -> Result<Self, WrongSeal> {
        let key = seal_keys.open(&place(tenant), kept)?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).map(Self).map_err(|_| WrongSeal)
    }

    /// The same key under the current seal key; none if it lies there.
    pub(crate) fn renew(seal_keys: &SealKeys, tenant: &TenantId, kept: &Sealed) -> Result<Option<Sealed>, WrongSeal> {
        seal_keys.renew(&place(tenant), kept)
    }

    /// A person's name, as it is to be kept.
    pub(crate) fn seal_name(&self, tenant: &TenantId, person: &Subject, name: &DisplayName) -> Vec<u8> {
        seal::seal(&self.0, &field(tenant, person), name.as_str().as_bytes())
    }

    /// The name that was kept of this person.
    pub(crate) fn open_name(&self, tenant: &TenantId, person: &Subject, kept: &[u8]) -> Result<DisplayName, WrongSeal> {
        let name = seal::open(&self.0, &field(tenant, person), kept).ok_or(WrongSeal)?;
        let name = std::str::from_utf8(&name).map_err(|_| WrongSeal)?;
        Ok(DisplayName::known(name.to_owned()))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DataKey(…)")
    }
}

fn place(tenant: &TenantId) -> String {
    format!("bailiwick identity data key {tenant}")
}

/// No id holds a space, so that no two fields have one place.
fn field(tenant: &TenantId, person: &Subject) -> String {
    format!("bailiwick identity personal {tenant} {person} display_name")
}

#[cfg(test)]
mod tests {
    use chassis::clock::SystemEntropy;

    use super::*;

    #[test]
    fn a_name_is_read_with_its_tenants_key_at_its_place_and_nowhere_else() {
        let seal_keys = SealKeys::new::<[u8; 32]>(&[1; 32], &[]).unwrap();
        let (acme, globex): (TenantId, TenantId) = ("acme".parse().unwrap(), "globex".parse().unwrap());
        let (alice, bob): (Subject, Subject) = ("user:alice".parse().unwrap(), "user:bob".parse().unwrap());
        let kept = DataKey::make(&seal_keys, &acme, &SystemEntropy);
        let key = DataKey::open(&seal_keys, &acme, &kept).unwrap();
        let name = DisplayName::known("Alice Liddell".to_owned());
        let sealed = key.seal_name(&acme, &alice, &name);
        assert_eq!(key.open_name(&acme, &alice, &sealed), Ok(name));
        assert_eq!(key.open_name(&acme, &bob, &sealed), Err(WrongSeal));
        assert_eq!(key.open_name(&globex, &alice, &sealed), Err(WrongSeal));
        let other = DataKey::make(&seal_keys, &acme, &SystemEntropy);
        let other = DataKey::open(&seal_keys, &acme, &other).unwrap();
        assert_eq!(other.open_name(&acme, &alice, &sealed), Err(WrongSeal));
        assert!(DataKey::open(&seal_keys, &globex, &kept).is_err(), "a tenant's key is no other tenant's");
    }
}
