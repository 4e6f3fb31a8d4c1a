//! The "drive" workload, for every benchmark that measures by it: the same graph and the same questions.

mod drive;
mod questions;

pub use drive::{Drive, SCHEMA, document, group, person};
pub use questions::{Question, questions};
