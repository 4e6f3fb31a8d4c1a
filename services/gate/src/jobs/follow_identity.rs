//! Follows identity's feed: the chassis takes in keys and revocations, gate besides which API keys live.

use std::convert::Infallible;
use std::sync::Arc;

use chassis::feed::Follower;
use contract::identity::v1::event::Event;

use crate::decide::api_keys::ApiKeys;

/// Follows for as long as the service runs.
pub(crate) async fn follow_identity(follower: Follower, api_keys: Arc<ApiKeys>) {
    follower
        .run(|position, event| {
            match event.event {
                Some(Event::ApiKeyCreated(created)) => api_keys.created(&position.epoch, created),
                Some(Event::ApiKeyRevoked(revoked)) => api_keys.ended(&revoked),
                // Keys are the chassis' business, tenants are permissions'; what is unknown comes from a newer identity.
                Some(Event::KeyPublished(_) | Event::TenantCreated(_)) | None => {}
            }
            std::future::ready(Ok::<(), Infallible>(()))
        })
        .await;
}
