//! What each RPC asks of its caller: the table that layers read, generated from the options in `proto/`.

pub use crate::rpcs::RPCS;

/// Who may reach an RPC on a service's own port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Only through the gateway, with gate's assertion.
    Edge,
    /// Through the gateway, or with an access token.
    Mesh,
    /// A service named in the peer table, by its certificate.
    Peer,
    /// Anyone: health and reflection.
    Open,
}

/// What of an RPC can be large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// Neither its message nor its answer.
    Nothing,
    /// Its message.
    Message,
    /// Its answer, however small the message is.
    Answer,
}

/// One RPC's rules. Units and meanings as in `bailiwick.common.v1.Access`.
#[derive(Debug)]
pub struct Rpc {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// The service that answers it; empty if every service does.
    pub service: &'static str,
    /// Who may reach it on the service's own port.
    pub entry: Entry,
    /// What the credential must be usable for; empty for nothing in particular.
    pub scope: &'static str,
    /// What the caller must be allowed in the system namespace: `tenant#…`, `system#…` or empty.
    pub permission: &'static str,
    /// The audit event that a success leaves; empty if nothing changes.
    pub audit_action: &'static str,
    /// The longest that a call may take.
    pub deadline_ms: u32,
    /// Whether it may be sent again after an unknown outcome.
    pub idempotent: bool,
    /// Whether the gateway lets callers in that show no credential.
    pub anonymous: bool,
    /// What of it can be large.
    pub bulk: Bulk,
}

/// The rules of the RPC at `/package.Service/Method`, if there is one.
pub fn find(path: &str) -> Option<&'static Rpc> {
    RPCS.binary_search_by(|rpc| rpc.path.cmp(path)).ok().map(|index| &RPCS[index])
}

/// The gRPC services that the service with this name answers, by their full names: its own, those of foreign contracts, and those
/// that every service answers.
pub fn services_of(service: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = RPCS
        .iter()
        .filter(|rpc| rpc.service.is_empty() || rpc.service == service)
        .filter_map(|rpc| rpc.path.strip_prefix('/')?.split_once('/').map(|(name, _)| name))
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_look_ups_find_every_row() {
        for rpc in RPCS {
            assert_eq!(find(rpc.path).map(|found| found.path), Some(rpc.path));
        }
        assert!(find("/bailiwick.identity.v1.UserService/Nothing").is_none());
    }
}
