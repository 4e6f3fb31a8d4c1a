//! Our permissions service beside real SpiceDB: the same schemas, relationships and questions for both, and the answers compared.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod answers;
mod compare;
mod differences;
mod message;
mod pair;
mod refusals;
mod report;
mod scenarios;
mod schemas;
mod spicedb;
mod worlds;
