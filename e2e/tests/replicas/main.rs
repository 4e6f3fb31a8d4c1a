//! Stories of a cluster with two processes of each service: all of them share one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod kills;
mod readers;
mod revocation;

use tokio::sync::RwLock;

/// How many processes each service has.
const REPLICAS: u8 = 2;

/// Stories that need every process share this; those that kill one have it alone.
static EVERYTHING_RUNS: RwLock<()> = RwLock::const_new(());
