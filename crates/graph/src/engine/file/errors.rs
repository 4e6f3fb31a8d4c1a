//! Why a file was not written or not read.

use std::io;

use super::super::EngineError;

/// Why a file was not written or not read. What was read until then is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The input or the output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first bytes are not those of such a file.
    #[error("this is no file of a permission engine: it does not begin as one")]
    Foreign,
    /// Another release wrote it, in a form that this one does not read.
    #[error("the file has form {found}; this release reads forms {oldest} to {newest}")]
    Version {
        /// The form that the file says it has.
        found: u32,
        /// The oldest form that can be read.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
    /// The file holds something that readers of its form may lack, and this one does.
    #[error("the file uses `{name}`, which this release does not know")]
    Feature {
        /// The feature's name, as the file gives it.
        name: String,
    },
    /// The file is not what was written, or what wrote it was no engine.
    #[error("the file is damaged in {part} at byte {at}: {problem}")]
    Damaged {
        /// The kind of block.
        part: &'static str,
        /// Where the block begins, in bytes from the file's beginning.
        at: u64,
        /// What is wrong.
        problem: String,
    },
    /// What was to be written is over a limit; the limit's name is one of those in [`limits`](super::limits).
    #[error("{what} is {found} long; the limit is {max}")]
    TooLong {
        /// What was too long.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Tenants are counted before they come, and this is not how many came.
    #[error("{announced} tenants were announced and {written} written")]
    TenantCount {
        /// What the beginning of the file says.
        announced: u32,
        /// How many were written so far, counting the one too many.
        written: u32,
    },
    /// Tenants come in ascending order of their ids, each once.
    #[error("tenant `{id}` does not come after the one before it")]
    TenantOrder {
        /// The one that came late.
        id: String,
    },
    /// The tenant is over a cap of the engine that was to hold it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
