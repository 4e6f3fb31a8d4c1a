//! How large the parts of a file may be.

/// The contents of one block, in bytes: what a reader takes hold of before it has seen anything of it.
pub const BLOCK_BYTES_MAX: usize = 256 * 1024;
/// What the file's owner may note in it, or beside one tenant, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// A tenant's id, in bytes.
pub const TENANT_BYTES_MAX: usize = 256;
/// A feature's name, in bytes.
pub const FEATURE_BYTES_MAX: usize = 64;
/// Features of one file.
pub const FEATURES_MAX: usize = 64;
/// Rows in all tables of a tenant, full and empty, for each of its ids and relationships: an empty row takes a quarter of a
/// byte, so this bounds by the length of a file what it can make a reader spend on nothing.
pub const ROWS_PER_ENTRY_MAX: usize = 256;
/// Kinds of relationships that are stored though the schema does not admit them: every mention of their relation in a
/// permission costs an entry each.
pub const STRAY_TABLES_MAX: usize = 256;
