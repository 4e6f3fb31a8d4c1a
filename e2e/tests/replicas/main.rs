//! Stories of a cluster with two processes of each service: all of them share one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod readers;
mod revocation;

/// How many processes each service has.
const REPLICAS: u8 = 2;
