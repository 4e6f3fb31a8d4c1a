//! Worlds to compare answers in: random schemas with every operator, random relationships, and every question about them.
//!
//! The same seed gives the same world on every machine, so a seed in a failing test's message is all that it takes to see
//! the failure again. In reading order: [`Random`] draws, [`Shape`] bounds, [`World`] is drawn, [`Scenario`] is one that is written
//! down with what follows from it, [`smaller`] makes a failing world small enough to read, and [`Reach`] says how far a question leads.

mod population;
mod random;
mod reach;
mod scenario;
mod schema;
mod shrink;
mod world;

pub use population::{ids, nodes, possible_relationships, subjects};
pub use random::Random;
pub use reach::Reach;
pub use scenario::{Expectation, Scenario};
pub use schema::{folder_expression, schema_text};
pub use shrink::smaller;
pub use world::{Operators, Shape, World};
