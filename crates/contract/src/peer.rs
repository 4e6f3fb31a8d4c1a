//! Which service may call which RPC of another: generated from `proto/peers.toml`.

pub use crate::peers::PEERS;

/// One service's rights as a caller.
#[derive(Debug)]
pub struct Peer {
    /// Its name: the path of its SPIFFE id, without the tenant of one that is bound to it.
    pub name: &'static str,
    /// The RPCs that it calls while someone waits.
    pub calls: &'static [&'static str],
    /// The feeds that it follows.
    pub follows: &'static [&'static str],
    /// Whether it may name the tenant that it asks for.
    pub acts_for_tenants: bool,
    /// Whether there is one for each tenant, whose id ends its name, and that asks for that tenant alone.
    pub bound_to_tenant: bool,
}

impl Peer {
    /// Whether it may call the RPC at `path`.
    pub fn may_call(&self, path: &str) -> bool {
        self.calls.contains(&path) || self.follows.contains(&path)
    }
}

/// The peer with this name, and the id that follows it if there is one for each tenant: `envoy/acme`.
pub fn find(name: &str) -> Option<(&'static Peer, Option<&str>)> {
    let (first, tenant) = name.split_once('/').map_or((name, None), |(first, tenant)| (first, Some(tenant)));
    let peer = PEERS.iter().find(|peer| peer.name == first)?;
    (peer.bound_to_tenant == tenant.is_some()).then_some((peer, tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_follows_the_names_of_those_that_are_bound_and_of_no_others() {
        let found = |name| find(name).map(|(peer, tenant)| (peer.name, tenant));
        assert_eq!(found("gateway"), Some(("gateway", None)));
        assert_eq!(found("envoy/acme"), Some(("envoy", Some("acme"))));
        assert_eq!((found("envoy"), found("gateway/acme"), found("gate/"), found("nobody")), (None, None, None, None));
        assert_eq!(found("envoy/acme/globex"), Some(("envoy", Some("acme/globex"))), "which is no tenant's id");
    }

    #[test]
    fn who_is_bound_to_a_tenant_acts_for_no_other() {
        assert!(PEERS.iter().all(|peer| !(peer.bound_to_tenant && peer.acts_for_tenants)));
    }
}
