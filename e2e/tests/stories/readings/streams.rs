//! A stream outlives its caller's key by the route's bound, and no longer: Envoy asks gate once, when it begins.

use std::time::{Duration, Instant};

use contract::identity::v1::CreateApiKeyRequest;
use e2e::{DOCUMENTS, shared};

use super::place::{ENDLESS, Place, Server};
use super::raw;

/// The bound in place of the 30 seconds of the plane's configuration, so that the test need not wait for them.
const BOUND: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_revoked_in_mid_stream_loses_it_within_the_bound_and_gets_no_other() {
    let world = shared().await;
    let shorter = |text: String| {
        let whole = "max_stream_duration: { max_stream_duration: 30s";
        assert!(text.contains(whole), "the example upstream's streams are bound");
        text.replace(whole, &format!("max_stream_duration: {{ max_stream_duration: {}s", BOUND.as_secs()))
    };
    let place = Place::start_with(&world, Server::Axum, shorter).await;
    let request = CreateApiKeyRequest { scopes: vec!["documents.read".to_owned()], ..CreateApiKeyRequest::default() };
    let (key, secret) = world.new_key("alice", request).await;
    let began = Instant::now();
    let revoke = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.revoke_key(&key.id).await;
    };
    let (stream, ()) = tokio::join!(raw::http2_without_end(&place, DOCUMENTS, ENDLESS, &secret), revoke);
    let lived = began.elapsed();
    let ticks = stream.windows(4).filter(|part| *part == b"tick").count();
    assert!(ticks > 10, "the stream began, and went on after the key was revoked: {ticks} ticks");
    assert!((BOUND..BOUND + Duration::from_secs(1)).contains(&lived), "it lived for {lived:?}");
    let again = raw::http1(&place, DOCUMENTS, ENDLESS, &secret).await;
    assert!(again.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&again));
}
