//! Connections: how many there may be, how long they may take to begin, and how they end.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::demo::{self, serves};

/// So long nothing happens that would happen at once.
const A_MOMENT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn more_connections_than_connections_max_wait_until_one_ends() {
    let service = demo::start(|config| config.server.connections_max = 2).await;
    let open = [service.channel(), service.channel()];
    for channel in &open {
        assert!(serves(channel).await.unwrap());
    }
    let waiting = service.channel();
    assert!(timeout(A_MOMENT, serves(&waiting)).await.is_err(), "a third connection is served");
    drop(open);
    assert!(timeout(Duration::from_secs(5), serves(&waiting)).await.unwrap().unwrap());
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_let_go_after_five_seconds() {
    let service = demo::start(|config| config.server.connections_max = 1).await;
    let began = Instant::now();
    let mut silent = TcpStream::connect(service.running().address).await.unwrap();
    let waiting = service.channel();
    let mut heard = [0];
    let (said, served) = tokio::join!(silent.read(&mut heard), serves(&waiting));
    assert_eq!(said.unwrap(), 0, "the service has nothing to say");
    assert!(served.unwrap(), "the place is free again");
    assert!((4..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn more_streams_than_1024_on_one_connection_wait_until_one_ends() {
    let service = demo::start(|_| ()).await;
    let mut health = HealthClient::new(service.channel());
    let mut streams = Vec::new();
    for _ in 0..1_024 {
        streams.push(health.watch(HealthCheckRequest::default()).await.unwrap());
    }
    assert!(timeout(A_MOMENT, health.watch(HealthCheckRequest::default())).await.is_err(), "one more is served");
    streams.pop();
    assert!(timeout(Duration::from_secs(5), health.watch(HealthCheckRequest::default())).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_draining_service_says_so_serves_on_and_then_takes_no_more_connections() {
    let mut service = demo::start(|config| config.server.drain_delay_ms = 500).await;
    let (old, new, late) = (service.channel(), service.channel(), service.channel());
    let address = service.running().address;
    assert!(serves(&old).await.unwrap());
    let while_it_drains = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(!serves(&old).await.unwrap(), "whoever asks is told to go elsewhere");
        assert!(!serves(&new).await.unwrap(), "and is still answered");
    };
    tokio::join!(service.stop(), while_it_drains);
    assert!(TcpStream::connect(address).await.is_err());
    assert!(serves(&late).await.is_err());
}
