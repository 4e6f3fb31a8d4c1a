//! Gate's tables: the only place with SQL.

pub(crate) mod change;
pub(crate) mod hosts;
pub(crate) mod routes;
