//! What stories are told with: a running cluster with the sample in it, and callers in front of its gateway.

mod call;
mod world;

pub use call::{Outcome, denial};
pub use world::{DOCUMENTS, World, shared, shared_with};
