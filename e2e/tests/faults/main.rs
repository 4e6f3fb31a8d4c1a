//! Stories in which processes of a cluster end under calls. Each has a cluster of its own, with two processes of each service.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod callers;
mod certificates;
mod chaos;
mod clocks;
mod cut_off;
mod deletions;
mod dice;
mod disk;
mod kills;
mod ledger;
mod load;
mod overload;
mod renewal;
mod restore;
mod rolling;
mod rotation;
mod stillness;
mod writers;

/// How many processes each service has.
const REPLICAS: u8 = 2;
