//! A cluster in a test, and on a laptop: real parts installed and started, certificates made, databases created.
//!
//! A test of one service asks for a [`harness`] or for [`database_for_test`]; a story asks for a whole [`Cluster`]. `cargo
//! xtask up` is a [`Cluster`] that stays. In reading order: [`parts`] are installed, [`process`]es supervised, [`postgres`] is
//! started and holds one [`database`] per service, [`certificates`] and [`secrets`] are made, [`envoy`] is configured, and
//! [`cluster`] puts it all together; [`http`] and [`sample`] then use it.

#[cfg(feature = "harness")]
pub mod access;
pub mod certificates;
pub mod cluster;
pub mod database;
pub mod envoy;
pub mod error;
#[cfg(feature = "harness")]
pub mod harness;
pub mod http;
pub mod kubernetes;
pub mod parts;
pub mod place;
pub mod ports;
pub mod postgres;
pub mod process;
#[cfg(feature = "harness")]
pub mod reflected;
pub mod sample;
pub mod secrets;
pub mod spans;
pub mod surroundings;

pub use cluster::{Cluster, ClusterConfig, Part};
pub use database::{TestDatabase, database_for_test};
pub use error::{Error, Result};
pub use ports::Ports;
