//! What an engine may hold, what it holds, and why it refuses more.

use crate::relationships::RevisionError;

/// How large one engine, that is one tenant, may become, and what its hashes start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Objects with at least one relationship since the last merge; at most 2³² − 2.
    pub ids_max: usize,
    /// Relationships; at most 2³² − 1.
    pub relationships_max: usize,
    /// A number that those who choose object ids do not know, or they could choose ids that collide.
    pub hash_seed: u64,
}

impl Default for EngineOptions {
    /// 200 million ids, 500 million relationships, and a seed that everyone knows.
    fn default() -> Self {
        Self { ids_max: 200_000_000, relationships_max: 500_000_000, hash_seed: 0x6261_696c_6977_6963 }
    }
}

/// The bytes that a snapshot takes, by what takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Adjacency of the base, both ways.
    pub edges_bytes: usize,
    /// Object ids of the base as text, with their index.
    pub strings_bytes: usize,
    /// Groups inside groups.
    pub closure_bytes: usize,
    /// What changed since the base.
    pub delta_bytes: usize,
}

impl Memory {
    /// All of it.
    pub fn total_bytes(&self) -> usize {
        self.edges_bytes + self.strings_bytes + self.closure_bytes + self.delta_bytes
    }
}

/// Why an engine did not take something. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A revision is applied once, whole and in order.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The tenant is at its cap on objects (`RESOURCE_EXHAUSTED`).
    #[error("more than {max} object ids; raise `ids_max` or delete relationships")]
    TooManyIds {
        /// The cap.
        max: usize,
    },
    /// The tenant is at its cap on relationships (`RESOURCE_EXHAUSTED`).
    #[error("more than {max} relationships; raise `relationships_max` or delete some")]
    TooManyRelationships {
        /// The cap.
        max: usize,
    },
}
