//! Follows identity's feed: the chassis takes in keys and revocations, gate besides which API keys live and which workloads
//! are bound.

use std::convert::Infallible;
use std::sync::Arc;

use chassis::feed::Follower;
use contract::identity::v1::event::Event;

use crate::decide::api_keys::ApiKeys;
use crate::decide::workloads::Workloads;

/// Follows for as long as the service runs.
pub(crate) async fn follow_identity(follower: Follower, api_keys: Arc<ApiKeys>, workloads: Arc<Workloads>) {
    let mut epoch = String::new();
    follower
        .run(|position, event| {
            // A restored identity tells everything anew.
            if position.epoch != epoch {
                epoch = position.epoch;
                api_keys.forget_known();
                workloads.forget_all();
            }
            match event.event {
                Some(Event::ApiKeyCreated(created)) => api_keys.created(created),
                Some(Event::ApiKeyRevoked(revoked)) => api_keys.ended(&revoked),
                Some(Event::WorkloadBound(bound)) => workloads.bound(bound),
                Some(Event::WorkloadUnbound(unbound)) => workloads.unbound(&unbound),
                // Keys and the ends of tokens are the chassis' business, tenants are permissions'; what is unknown comes from a newer identity.
                Some(
                    Event::KeyPublished(_)
                    | Event::TenantCreated(_)
                    | Event::ClientCredentialRevoked(_)
                    | Event::AccessTokenRevoked(_),
                )
                | None => {}
            }
            std::future::ready(Ok::<(), Infallible>(()))
        })
        .await;
}
