//! Who shows what, and who gets in: over HTTP/1.1, HTTP/2 and gRPC.

use std::net::Ipv4Addr;

use contract::example::documents::v1::document_service_client::DocumentServiceClient;
use contract::example::documents::v1::{ArchiveDocumentsRequest, ListDocumentsRequest};
use e2e::{World, denial, shared};
use http::Version;
use testing::Part;
use testing::http::get as http_page;
use tonic::Code;

const READ: &str = "/v1/documents/roadmap";

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

async fn list(world: &World, credential: Option<&str>) -> Result<String, (Code, String)> {
    let gateway = world.documents();
    let request = gateway.request(ListDocumentsRequest {}, credential).unwrap();
    let answer = DocumentServiceClient::new(gateway.channel()).list_documents(request).await;
    answer.map(|answer| answer.into_inner().requested_by).map_err(|status| denial(&status))
}

#[tokio::test(flavor = "multi_thread")]
async fn gate_asks_permissions_on_a_stream_that_stays_open() {
    let world = shared().await;
    let on_streams = async || {
        let ports = world.cluster.lock().await.config().ports.of(Part::Gate.replica(1)).unwrap();
        let metrics = http_page((Ipv4Addr::LOCALHOST, ports.admin).into(), "/metrics").await.unwrap();
        let line = metrics.lines().find(|line| line.starts_with("bailiwick_gate_questions_total{way=\"stream\"}"));
        line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    };
    let before: f64 = on_streams().await;
    for _ in 0..10 {
        assert_eq!(world.get(Version::HTTP_11, READ, Some(&world.key("alice"))).await.status, 200);
    }
    // The first may go by a call, while the stream is opened.
    assert!(on_streams().await >= before + 5.0, "questions go by single calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_gets_in_and_the_upstream_knows_who_it_is() {
    let world = shared().await;
    for version in VERSIONS {
        let outcome = world.get(version, READ, Some(&world.key("alice"))).await;
        assert_eq!(outcome.decision(), (200, ""), "{outcome:?}");
        assert!(!outcome.decision_id.is_empty());
        let by = &outcome.json()["requested_by"];
        assert_eq!((by["subject"].as_str(), by["tenant"].as_str()), (Some("user:alice"), Some("acme")), "{outcome:?}");
    }
    assert!(list(&world, Some(&world.key("alice"))).await.unwrap().contains("user:alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_in_with_its_own_key() {
    let world = shared().await;
    let outcome = world.get(Version::HTTP_11, "/v1/documents/budget", Some(&world.key("ci"))).await;
    assert_eq!(outcome.json()["requested_by"]["subject"], "service_account:ci");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_denied_and_told_no_more() {
    let world = shared().await;
    for version in VERSIONS {
        let outcome = world.get(version, READ, Some(&world.key("dave"))).await;
        assert_eq!(outcome.decision(), (403, "forbidden"), "{outcome:?}");
        assert!(!outcome.decision_id.is_empty());
    }
    let (code, reason) = list(&world, Some(&world.key("dave"))).await.unwrap_err();
    assert_eq!((code, reason.as_str()), (Code::PermissionDenied, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_nothing_is_asked_to() {
    let world = shared().await;
    for version in VERSIONS {
        let outcome = world.get(version, READ, None).await;
        assert_eq!(outcome.decision(), (401, "credential_missing"), "{outcome:?}");
    }
    assert_eq!(list(&world, None).await.unwrap_err().0, Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_none_is_refused_whatever_is_wrong_with_it() {
    let world = shared().await;
    let good = world.key("alice");
    let mut mistyped = good.clone();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    for bad in [mistyped.as_str(), "bwk_", "nonsense", "eyJhbGciOiJub25lIn0.e30.", &"x".repeat(5_000)] {
        let outcome = world.get(Version::HTTP_11, READ, Some(bad)).await;
        assert_eq!(outcome.decision(), (401, "credential_invalid"), "{bad}: {outcome:?}");
        assert_eq!(list(&world, Some(bad)).await.unwrap_err().0, Code::Unauthenticated);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_gets_its_owner_in_too() {
    let world = shared().await;
    let token = world.gateway().exchange(&world.keys.file("alice")).await.unwrap();
    assert_eq!(world.get(Version::HTTP_2, READ, Some(&token)).await.decision(), (200, ""));
    assert!(list(&world, Some(&token)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_of_the_same_service_can_need_more() {
    let world = shared().await;
    for (who, expected) in
        [("alice", None), ("bob", Some(Code::PermissionDenied)), ("ci", Some(Code::PermissionDenied))]
    {
        let gateway = world.documents();
        let request = gateway.request(ArchiveDocumentsRequest {}, Some(&world.key(who))).unwrap();
        let answer = DocumentServiceClient::new(gateway.channel()).archive_documents(request).await;
        assert_eq!(answer.err().map(|status| status.code()), expected, "{who}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_lets_anyone_in_does() {
    let world = shared().await;
    assert_eq!(world.get(Version::HTTP_11, "/healthz", None).await.status, 200);
}
