//! What gate's own feed says: read by gate's replicas alone, so it is no contract.

/// A tenant's hosts or routes changed: read them again.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Changed {
    #[prost(string, tag = "1")]
    pub(crate) tenant: String,
}
