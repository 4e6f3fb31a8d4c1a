//! What the benchmarks read of the machine: CPU and memory by process, stolen time, and how what they measured spreads.

mod processes;
mod spread;
mod steal;

pub use processes::{Process, Spent, parse_process, resident_kib};
pub use spread::{Spread, quantile};
pub use steal::Steal;
