//! What a call is, what a route is, and what follows from both. No I/O, and no clock.

pub(crate) mod caller;
pub(crate) mod credential;
pub(crate) mod decision;
pub(crate) mod denial;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod own_routes;
pub(crate) mod path;
pub(crate) mod policy;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod route;
pub(crate) mod table;
pub(crate) mod template;
