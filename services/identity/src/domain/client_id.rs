//! What a service account is called as an OAuth 2 client: `TENANT.SERVICE_ACCOUNT`.
//!
//! Neither id can hold a dot, nor anything that a form or a header would have to encode, so the name reads back in one way.

use std::fmt;
use std::str::FromStr;

use chassis::{Subject, SubjectKind, TenantId};

/// A client: a service account of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientId {
    pub(crate) tenant: TenantId,
    pub(crate) account: Subject,
}

/// A text that is no client's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientIdInvalid;

impl FromStr for ClientId {
    type Err = ClientIdInvalid;

    fn from_str(text: &str) -> Result<Self, ClientIdInvalid> {
        let (tenant, account) = text.split_once('.').ok_or(ClientIdInvalid)?;
        let tenant: TenantId = tenant.parse().map_err(|_| ClientIdInvalid)?;
        let account = Subject::new(SubjectKind::ServiceAccount, account).map_err(|_| ClientIdInvalid)?;
        if tenant.is_system() { Err(ClientIdInvalid) } else { Ok(Self { tenant, account }) }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.tenant, self.account.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_tenant_and_account() {
        let client: ClientId = "acme.ci-1".parse().unwrap();
        assert_eq!((client.tenant.as_str(), client.account.to_string().as_str()), ("acme", "service_account:ci-1"));
        assert_eq!(client.to_string(), "acme.ci-1");
        for bad in ["", "acme", "acme.", ".ci", "acme.ci.x", "Acme.ci", "acme.ci ", "system.ci", "acme.user:ci"] {
            assert_eq!(bad.parse::<ClientId>(), Err(ClientIdInvalid), "{bad:?}");
        }
    }
}
