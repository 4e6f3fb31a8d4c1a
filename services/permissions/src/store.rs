//! The only place with SQL: the head, the schemas, the relationships, and the log that they form together.
//!
//! What changes anything takes the connection of a unit of work whose transaction holds the head ([`turn`]); what
//! only reads takes the [`Database`](chassis::Database).

pub(crate) mod calls;
pub(crate) mod claims;
pub(crate) mod collection;
pub(crate) mod head;
pub(crate) mod history;
pub(crate) mod log;
pub(crate) mod pages;
pub(crate) mod relationships;
pub(crate) mod roles;
mod rows;
pub(crate) mod schemas;
pub(crate) mod turn;
