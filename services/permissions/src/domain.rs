//! What the service reasons about: revisions and their tokens, questions, changes, roles, the system namespace.

pub(crate) mod clock;
pub(crate) mod consistency;
pub(crate) mod digest;
pub(crate) mod following;
pub(crate) mod freshness;
pub(crate) mod history;
pub(crate) mod ledger;
pub(crate) mod question;
pub(crate) mod revision;
pub(crate) mod role;
pub(crate) mod system;
pub(crate) mod token;
pub(crate) mod update;
pub(crate) mod write;
