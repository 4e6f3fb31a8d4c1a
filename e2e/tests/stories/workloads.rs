//! A workload of the mesh calls with its certificate alone, through the real Envoy.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::identity::v1::workload_service_client::WorkloadServiceClient;
use contract::identity::v1::{BindWorkloadRequest, ListWorkloadsRequest, UnbindWorkloadRequest, Workload};
use e2e::{World, denial, shared};
use http::{Request, Version};
use testing::certificates::{Authority, CertificateFiles, DOCUMENTS_HOST, Leaf};
use testing::http::{Answer, Connection};
use tonic::Code;

/// What the service account `ci` may read.
const READ: &str = "/v1/documents/budget";

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

fn spiffe_id(name: &str) -> String {
    format!("spiffe://{}/{name}", testing::certificates::TRUST_DOMAIN)
}

async fn bind(world: &World, name: &str) {
    bind_to(world, name, "ci", "documents.read").await;
}

async fn bind_to(world: &World, name: &str, service_account: &str, scope: &str) {
    let gateway = world.gateway();
    let workload = Workload {
        spiffe_id: spiffe_id(name),
        tenant_id: "acme".to_owned(),
        service_account_id: service_account.to_owned(),
        scopes: vec![scope.to_owned()],
        bound_at: None,
    };
    let request = BindWorkloadRequest { workload: Some(workload) };
    let request = gateway.request(request, Some(&world.key("root"))).unwrap();
    WorkloadServiceClient::new(gateway.channel()).bind_workload(request).await.unwrap();
}

async fn unbind(world: &World, name: &str) {
    let gateway = world.gateway();
    let request = UnbindWorkloadRequest { spiffe_id: spiffe_id(name) };
    let request = gateway.request(request, Some(&world.key("root"))).unwrap();
    WorkloadServiceClient::new(gateway.channel()).unbind_workload(request).await.unwrap();
}

/// A certificate that the mesh's own authority has made.
fn certificate(world: &World, name: &str) -> CertificateFiles {
    world.files().open_authority().unwrap().issue(&Leaf::peer(name)).unwrap()
}

async fn connect_as(world: &World, shown: &CertificateFiles, version: Version) -> testing::Result<Connection> {
    Connection::open_as(shown, DOCUMENTS_HOST, world.port(), version, &world.files().authority()).await
}

async fn read(connection: &mut Connection, headers: &[(&str, &str)]) -> testing::Result<Answer> {
    let request = headers.iter().fold(Request::get(READ), |request, (name, value)| request.header(*name, *value));
    connection.send(request.body(Bytes::new()).unwrap()).await
}

fn reason(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header(contract::header::REASON).unwrap_or_default())
}

/// Waits until the workload is answered with this status, and answers how long that took.
async fn eventually(connection: &mut Connection, status: u16) -> Duration {
    let began = Instant::now();
    let mut in_a_row = 0;
    while in_a_row < 5 {
        let answered = read(connection, &[]).await.unwrap().status.as_u16();
        in_a_row = if answered == status { in_a_row + 1 } else { 0 };
        assert!(began.elapsed() < Duration::from_secs(5), "still {answered} after 5 s, not {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_gets_in_with_its_certificate_alone_until_it_is_unbound() {
    let world = shared().await;
    let shown = certificate(&world, "workload-one");
    bind(&world, "workload-one").await;
    for version in VERSIONS {
        let mut connection = connect_as(&world, &shown, version).await.unwrap();
        eventually(&mut connection, 200).await;
        let answer = read(&mut connection, &[]).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let by = &body["requested_by"];
        assert_eq!(
            (by["subject"].as_str(), by["tenant"].as_str()),
            (Some("service_account:ci"), Some("acme")),
            "{body}"
        );
    }
    // Whoever has a key too is the key's owner: the certificate is the channel's.
    let mut connection = connect_as(&world, &shown, Version::HTTP_2).await.unwrap();
    let alice = format!("Bearer {}", world.key("alice"));
    let answer = read(&mut connection, &[("authorization", &alice)]).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["requested_by"]["subject"], "user:alice", "{body}");
    // The connection that was let in a moment ago is refused too.
    unbind(&world, "workload-one").await;
    eventually(&mut connection, 401).await;
    assert_eq!(reason(&read(&mut connection, &[]).await.unwrap()), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_a_name_that_nobody_has_bound_gets_nobody_in() {
    let world = shared().await;
    let shown = certificate(&world, "workload-stranger");
    for version in VERSIONS {
        let mut connection = connect_as(&world, &shown, version).await.unwrap();
        assert_eq!(reason(&read(&mut connection, &[]).await.unwrap()), (401, "credential_invalid"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_23_a_forged_header_about_a_certificate_is_seen_by_nobody() {
    let world = shared().await;
    bind(&world, "workload-forged").await;
    let mut genuine = connect_as(&world, &certificate(&world, "workload-forged"), Version::HTTP_2).await.unwrap();
    eventually(&mut genuine, 200).await;
    let name = spiffe_id("workload-forged");
    for forged in [format!("URI={name}"), format!("By={name};Hash=00;Subject=\"\";URI={name}"), name] {
        let header = [("x-forwarded-client-cert", forged.as_str())];
        for version in VERSIONS {
            let mut bare = world.connect(DOCUMENTS_HOST, version).await;
            assert_eq!(reason(&read(&mut bare, &header).await.unwrap()), (401, "credential_missing"));
        }
        let mut stranger = connect_as(&world, &certificate(&world, "workload-other"), Version::HTTP_11).await.unwrap();
        assert_eq!(reason(&read(&mut stranger, &header).await.unwrap()), (401, "credential_invalid"));
    }
    unbind(&world, "workload-forged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_authority_does_not_even_connect() {
    let world = shared().await;
    bind(&world, "workload-copied").await;
    let folder = tempfile::tempdir().unwrap();
    let copied = Authority::keep(folder.path()).unwrap().issue(&Leaf::peer("workload-copied")).unwrap();
    for version in VERSIONS {
        // TLS 1.3 lets the client finish first, so that the refusal may come with the first answer.
        if let Ok(mut connection) = connect_as(&world, &copied, version).await {
            let answer = read(&mut connection, &[]).await;
            assert!(answer.is_err(), "{answer:?}");
        }
    }
    unbind(&world, "workload-copied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_calls_bailiwick_itself_and_gets_no_token_for_a_certificate() {
    let world = shared().await;
    bind_to(&world, "workload-admin", "admin", "identity.read").await;
    let (shown, authority) = (certificate(&world, "workload-admin"), world.files().authority());
    let mut own = Connection::open_as(&shown, "localhost", world.port(), Version::HTTP_2, &authority).await.unwrap();
    let mut call = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let body = if method == "GET" { Bytes::new() } else { Bytes::from_static(b"{}") };
        own.send(request.body(body).unwrap()).await.unwrap()
    };
    let began = Instant::now();
    while call("GET", "/v1/users").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(5), "the workload is not known");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let users = call("GET", "/v1/users").await;
    assert!(String::from_utf8_lossy(&users.body).contains("alice"), "{users:?}");
    // Its scopes are those of its binding.
    assert_eq!(reason(&call("POST", "/v1/users").await), (403, "forbidden"));
    let exchanged = call("POST", "/v1/api-keys:exchange").await;
    assert!(String::from_utf8_lossy(&exchanged.body).contains("EXCHANGE_NEEDS_API_KEY"), "{exchanged:?}");
    unbind(&world, "workload-admin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_installations_administrator_says_whose_a_workload_is() {
    let world = shared().await;
    let gateway = world.gateway();
    for (who, expected) in
        [("root", None), ("admin", Some(Code::PermissionDenied)), ("alice", Some(Code::PermissionDenied))]
    {
        let request = gateway.request(ListWorkloadsRequest::default(), Some(&world.key(who))).unwrap();
        let answer = WorkloadServiceClient::new(gateway.channel()).list_workloads(request).await;
        assert_eq!(answer.err().map(|status| denial(&status).0), expected, "{who}");
    }
}
