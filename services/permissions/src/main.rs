//! The permissions service's process.

use std::process::ExitCode;

/// Answers are many small allocations, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chassis::run::<permissions::Permissions>()
}
