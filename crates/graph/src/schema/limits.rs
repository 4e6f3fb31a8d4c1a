//! How large a schema may be. Going over any of these is a [`SchemaError`](crate::SchemaError) that names the limit.

/// The text of a schema, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A schema as [`Schema::to_text`](crate::Schema::to_text) lays it out, in bytes: no text within the limit grows so much.
pub const PRINTED_BYTES_MAX: usize = 4 * TEXT_BYTES_MAX;
/// Parentheses inside parentheses, and operators inside operators, in one expression.
pub const EXPRESSION_DEPTH_MAX: usize = 100;
/// Definitions in one schema.
pub const DEFINITIONS_MAX: usize = 2_000;
/// Relations and permissions together, in one definition.
pub const MEMBERS_PER_DEFINITION_MAX: usize = 1_000;
/// Subject types of one relation, and types in one permission's annotation.
pub const TYPES_PER_RELATION_MAX: usize = 200;
/// Subject types that all arrows of one schema lead over, together: what checking the arrows costs.
pub const ARROW_STEPS_MAX: usize = 1_000_000;
/// Errors reported for one text; reading stops there.
pub const ERRORS_MAX: usize = 20;
