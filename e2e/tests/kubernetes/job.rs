//! The main job: who may do what at the gateway of the cluster.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::permissions::v1::RelationshipUpdate;
use contract::permissions::v1::relationship_update::Operation;
use http::Request;
use testing::http::Connection;
use testing::sample::{self, ADMINISTRATOR};

use crate::chart::{Chart, shared};

/// Within so long keys and routes that have just been made are in force.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// So many calls in a row that go well have met every process.
const IN_A_ROW: usize = 8;

/// A request of somebody's, or of nobody's: the status and the reason.
pub(crate) async fn ask(
    chart: &Chart,
    connection: &mut Connection,
    who: Option<&str>,
    method: &str,
    path: &str,
    consistency: Option<&str>,
) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(who) = who {
        request = request.header("authorization", format!("Bearer {}", chart.keys.read(who).unwrap()));
    }
    if let Some(token) = consistency {
        request = request.header(contract::header::CONSISTENCY, token);
    }
    let body = if method == "PUT" { r#"{"title":"Roadmap","body":"First the skeleton."}"# } else { "" };
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let answer = connection.send(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await.unwrap();
    (answer.status.as_u16(), answer.header(contract::header::REASON).unwrap_or_default().to_owned())
}

/// Waits until everybody's key and the routes are known to all processes, and the example to all gateways.
pub(crate) async fn settle(chart: &Chart) {
    let began = Instant::now();
    for who in ["alice", "bob", "carol", "dave", "ci"] {
        let mut right = 0;
        while right < IN_A_ROW {
            // Each time another gateway, as it happens.
            let mut connection = chart.connect().await;
            let (status, reason) = ask(chart, &mut connection, Some(who), "GET", "/v1/headers", None).await;
            if status == 200 {
                right += 1;
                continue;
            }
            assert!(began.elapsed() < KNOWN_WITHIN, "{who} is still answered {status}, {reason}");
            tokio::time::sleep(Duration::from_millis(100)).await;
            right = 0;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn the_gateway_of_the_cluster_lets_in_whom_it_should() {
    let chart = shared().await;
    settle(&chart).await;
    let mut connection = chart.connect().await;
    for (who, method, expected) in [
        (None, "GET", (401, "credential_missing")),
        (Some("alice"), "GET", (200, "")),
        (Some("bob"), "PUT", (200, "")),
        (Some("carol"), "GET", (403, "forbidden")),
        (Some("ci"), "GET", (200, "")),
        (Some("ci"), "PUT", (403, "forbidden")),
        (Some("alice"), "DELETE", (403, "route_unknown")),
    ] {
        let (status, reason) = ask(&chart, &mut connection, who, method, "/v1/documents/roadmap", None).await;
        assert_eq!((status, reason.as_str()), expected, "{who:?} {method}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_grant_is_in_force_at_once_and_so_is_its_end() {
    let chart = shared().await;
    settle(&chart).await;
    let mut connection = chart.connect().await;
    for (operation, expected) in [(Operation::Touch, 200), (Operation::Delete, 403)] {
        let relationship = sample::parse_relationship("document:roadmap#viewer@user:dave").unwrap();
        let update = RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) };
        let key = chart.keys.read(ADMINISTRATOR).unwrap();
        let token = sample::write_relationships(&chart.gateway("localhost"), &key, vec![update]).await.unwrap();
        let (status, _) =
            ask(&chart, &mut connection, Some("dave"), "GET", "/v1/documents/roadmap", Some(&token)).await;
        assert_eq!(status, expected, "{operation:?}");
    }
}
