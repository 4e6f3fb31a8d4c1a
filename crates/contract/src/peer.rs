//! Which service may call which RPC of another: generated from `proto/peers.toml`.

pub use crate::peers::PEERS;

/// One service's rights as a caller.
#[derive(Debug)]
pub struct Peer {
    /// Its name: the path of its SPIFFE id.
    pub name: &'static str,
    /// The RPCs that it calls while someone waits.
    pub calls: &'static [&'static str],
    /// The feeds that it follows.
    pub follows: &'static [&'static str],
    /// Whether it may name the tenant that it asks for.
    pub acts_for_tenants: bool,
}

impl Peer {
    /// Whether it may call the RPC at `path`.
    pub fn may_call(&self, path: &str) -> bool {
        self.calls.contains(&path) || self.follows.contains(&path)
    }
}

/// The peer with this name, if there is one.
pub fn find(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}
