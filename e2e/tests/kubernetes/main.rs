//! Stories about the chart on a real Kubernetes node. `cargo xtask kube test` starts the node and runs them in its network, one after the
//! other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod autoscaling;
mod chart;
mod job;
mod kills;
mod load;
mod network;
mod refusals;
mod releases;
mod rolling;
