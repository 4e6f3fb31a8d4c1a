//! What identity keeps: the only place with SQL.

pub(crate) mod api_keys;
pub(crate) mod bootstrap;
pub(crate) mod client_assertions;
pub(crate) mod client_credentials;
pub(crate) mod deletions;
pub(crate) mod outdated;
pub(crate) mod revoked_tokens;
pub(crate) mod signing_keys;
pub(crate) mod subjects;
pub(crate) mod tenants;
pub(crate) mod verification_keys;
pub(crate) mod workloads;

use crate::error::Error;

/// A row that holds what was never written: somebody else has changed it.
pub(crate) fn broken(what: impl std::fmt::Display) -> Error {
    sqlx::Error::Decode(what.to_string().into()).into()
}
