//! What the benchmarks read of the machine: CPU and memory by process, stolen time, and how what they measured spreads; and how
//! they make their calls, and print what came of them.

mod measured;
mod pace;
mod processes;
mod spread;
mod steal;
mod table;

pub use measured::{Measured, Void, count, measured, quiet};
pub use pace::{joined, pace};
pub use processes::{Process, Spent, parse_process, resident_kib};
pub use spread::{Spread, quantile};
pub use steal::Steal;
pub use table::{heading, memory, row};
