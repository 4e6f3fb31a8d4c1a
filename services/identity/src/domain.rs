//! The types and rules of identity. No I/O, and no clock: times are parameters.

pub(crate) mod access_token;
pub(crate) mod api_key;
pub(crate) mod audience;
pub(crate) mod bootstrap;
pub(crate) mod client;
pub(crate) mod client_assertion;
pub(crate) mod client_credential;
pub(crate) mod client_id;
pub(crate) mod client_key;
pub(crate) mod data_key;
pub(crate) mod display_name;
pub(crate) mod founding;
pub(crate) mod key_id;
pub(crate) mod pepper;
pub(crate) mod scope;
pub(crate) mod seal;
pub(crate) mod signing_key;
pub(crate) mod subject;
pub(crate) mod tenant;
pub(crate) mod token_exchange;
pub(crate) mod verification_key;
pub(crate) mod workload;
pub(crate) mod workload_assertion;
