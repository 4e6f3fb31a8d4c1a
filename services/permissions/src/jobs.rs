//! What runs beside the calls.

pub(crate) mod collect;
pub(crate) mod listen;
pub(crate) mod merge;
pub(crate) mod snapshot;
pub(crate) mod tail;
pub(crate) mod tenants;
