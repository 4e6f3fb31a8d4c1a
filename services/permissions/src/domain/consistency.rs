//! How fresh an answer must be.

/// What a caller asks of the state that it is answered from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// What this replica has applied.
    MinimizeLatency,
    /// At least as new as this consistency token.
    AtLeastAsFresh(String),
    /// Of the revision in this consistency token, and no other.
    AtExactSnapshot(String),
    /// As new as anything acknowledged before the call.
    FullyConsistent,
}
