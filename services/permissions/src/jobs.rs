//! What runs beside the calls.

pub(crate) mod tail;
pub(crate) mod tenants;
