//! What runs beside the calls: one loop, one file.

pub(crate) mod follow_identity;
pub(crate) mod keep_table;
pub(crate) mod publish_key;
pub(crate) mod report_uses;
