//! Calls to another service, by its name and by its address.

use std::time::Duration;

use chassis::config::{Addresses, PeerConfig};
use chassis::peer::{Bounds, PeerError};
use contract::identity::v1::AuthenticateApiKeyRequest;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use testing::harness::Harness;
use tokio::time::Instant;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::demo;

/// What comes of asking identity about a key that nobody has.
async fn ask(peer: &chassis::peer::Peer, within: Duration) -> PeerError {
    let bounds = Bounds { deadline: Instant::now() + within, request_id: "r1".to_owned(), tenant: None, trace: None };
    let message = AuthenticateApiKeyRequest { api_key: "bwk_unknown".to_owned() };
    let answer = peer.call(&bounds, message, |line, request| async move {
        PeerServiceClient::new(line).authenticate_api_key(request).await
    });
    answer.await.expect_err("nobody has the key")
}

async fn metric(service: &Harness, begins: &str) -> Option<String> {
    let metrics = service.metrics().await;
    metrics.lines().find(|line| line.starts_with(begins)).map(str::to_owned)
}

#[tokio::test]
async fn a_peer_is_found_by_its_name_and_an_address_where_nobody_is_costs_no_call() {
    let service = demo::start(|config| {
        let Some(PeerConfig { address: Addresses::One(address) }) = config.peers.get("identity") else {
            panic!("the harness has an identity")
        };
        let by_name = address.replace("127.0.0.1", "localhost");
        // Nobody listens on port 1.
        let addresses = Addresses::Several(vec![by_name, "https://127.0.0.1:1".to_owned()]);
        config.peers.insert("identity".to_owned(), PeerConfig { address: addresses });
    })
    .await;
    let peer = service.running().foundation.peer("identity").unwrap();
    for _ in 0..20 {
        let refused = ask(&peer, Duration::from_secs(5)).await;
        assert!(!refused.is_outage(), "{refused}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let looked_up = Instant::now() + Duration::from_secs(5);
    while metric(&service, "bailiwick_peer_endpoints{peer=\"identity\"}").await.is_none_or(|line| line.ends_with(" 0"))
    {
        assert!(Instant::now() < looked_up);
    }
    let calls = metric(&service, "bailiwick_peer_calls_total{peer=\"identity\",code=\"UNAUTHENTICATED\"}").await;
    assert!(calls.is_some_and(|line| line.ends_with(" 20")), "{}", service.metrics().await);
}

#[tokio::test]
async fn with_nobody_there_a_call_ends_soon_and_says_that_it_was_an_outage() {
    let service = demo::start(|config| {
        let address = Addresses::One("https://127.0.0.1:1".to_owned());
        config.peers.insert("identity".to_owned(), PeerConfig { address });
    })
    .await;
    let peer = service.running().foundation.peer("identity").unwrap();
    let began = Instant::now();
    let refused = ask(&peer, Duration::from_secs(5)).await;
    assert_eq!((refused.code, refused.is_outage()), (Code::Unavailable, true), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn connections_that_have_reached_their_age_are_replaced_without_a_failed_call() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = demo::start(|config| {
        config.server.listen = free;
        config.server.connection_age_seconds_max = 1;
        // If old ones stayed, there would soon be no room for new ones.
        config.server.connections_max = 2;
        // It calls itself.
        let address = Addresses::One(format!("https://{free}"));
        config.peers.insert("gate".to_owned(), PeerConfig { address });
    })
    .await;
    let peer = service.running().foundation.peer("gate").unwrap();
    let (began, mut calls) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_millis(4_500) {
        let bounds = Bounds {
            deadline: Instant::now() + Duration::from_secs(5),
            request_id: String::new(),
            tenant: None,
            trace: None,
        };
        let check = |line, request| async move { HealthClient::new(line).check(request).await };
        let answer = peer.call(&bounds, HealthCheckRequest::default(), check).await;
        answer.unwrap_or_else(|error| panic!("call {calls} after {:?}: {error}", began.elapsed()));
        calls += 1;
    }
    assert!(calls > 100, "only {calls} calls");
}
