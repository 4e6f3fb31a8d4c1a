//! An Envoy of a tenant's own, from the sample as it stands: it asks gate, and gate answers it about its tenant's hosts alone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use e2e::{DOCUMENTS, World, shared};
use http::{Request, Version};
use testing::http::{Answer, Connection};
use testing::{Ports, envoy, parts};

const SAMPLE: &str = include_str!("../../../deploy/samples/envoy/envoy.yaml");

const READ: &str = "/v1/documents/roadmap";

/// Who has the host of the example upstream.
const OWNER: &str = "acme";

/// A running Envoy. It stops with this value.
#[derive(Debug)]
struct OwnEnvoy {
    child: std::process::Child,
    port: u16,
    authority: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for OwnEnvoy {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The sample with what its reader has to change changed.
fn filled(changes: &[(&str, String)]) -> String {
    changes.iter().fold(SAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the sample has no {from}");
        text.replace(from, to)
    })
}

/// What differs from the sample for an Envoy of this tenant with a gate at this port, listening at `ports`.
async fn changes(world: &World, tenant: &str, gate: Option<u16>, ports: &Ports) -> Vec<(&'static str, String)> {
    let authority = world.files().open_authority().unwrap();
    let bound = authority.keep_peer(&format!("envoy/{tenant}")).unwrap();
    let server = authority.keep_peer("gateway").unwrap();
    let theirs = world.cluster.lock().await.config().ports.clone();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let port = |port: u16| format!("address: 127.0.0.1, port_value: {port}");
    vec![
        ("address: 127.0.0.1, port_value: 9901", port(ports.gateway_admin)),
        ("address: 0.0.0.0, port_value: 443", port(ports.gateway)),
        ("address: gate.bailiwick.example, port_value: 8443", port(gate.unwrap_or(theirs.gate))),
        ("address: api.internal.example, port_value: 8080", port(theirs.documents)),
        ("/etc/envoy/server.pem", text(&server.certificate)),
        ("/etc/envoy/server-key.pem", text(&server.key)),
        ("/etc/envoy/bailiwick/envoy.pem", text(&bound.certificate)),
        ("/etc/envoy/bailiwick/envoy-key.pem", text(&bound.key)),
        ("/etc/envoy/bailiwick/ca.pem", text(&authority.certificate_file())),
        ("[api.example.com]", format!("[{DOCUMENTS}]")),
    ]
}

impl OwnEnvoy {
    async fn start(world: &World, tenant: &str, gate: Option<u16>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::free(1).unwrap();
        let path = folder.path().join("envoy.yaml");
        std::fs::write(&path, filled(&changes(world, tenant, gate, &ports).await)).unwrap();
        let program = parts::envoy(&mut |line| eprintln!("{line}")).unwrap();
        let valid = envoy::command(&program, &path).args(["--mode", "validate"]).output().unwrap();
        assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
        let mut command: Command = envoy::command(&program, &path);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let authority = world.files().authority();
        let envoy = Self { child, port: ports.gateway, authority, _folder: folder };
        // It listens when it has looked at its upstreams for the first time.
        for _ in 0..200 {
            if Connection::open(DOCUMENTS, envoy.port, Version::HTTP_11, &envoy.authority).await.is_ok() {
                return envoy;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Envoy does not listen");
    }

    async fn send(&self, host: &str, request: http::request::Builder) -> Answer {
        // By the name in the server's certificate; the host of the request is what gate looks at.
        let mut connection = Connection::open(DOCUMENTS, self.port, Version::HTTP_11, &self.authority).await.unwrap();
        let request = request.header("host", host).body(Bytes::new()).unwrap();
        connection.send(request).await.unwrap()
    }
}

fn as_(key: &str) -> http::request::Builder {
    Request::get(READ).header("authorization", format!("Bearer {key}"))
}

fn decision(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header(contract::header::REASON).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_envoy_lets_through_what_gate_allows_and_nothing_else() {
    let world = shared().await;
    let envoy = OwnEnvoy::start(&world, OWNER, None).await;
    let answer = envoy.send(DOCUMENTS, as_(&world.key("alice"))).await;
    assert_eq!(decision(&answer), (200, ""), "{answer:?}");
    assert_eq!(decision(&envoy.send(DOCUMENTS, Request::get(READ)).await), (401, "credential_missing"));
    assert_eq!(decision(&envoy.send(DOCUMENTS, as_(&world.key("dave"))).await), (403, "forbidden"));
    for (host, what) in [("localhost", "Bailiwick's own"), ("nobody.example", "nobody's")] {
        let answer = envoy.send(host, as_(&world.key("alice"))).await;
        assert_eq!(decision(&answer), (403, "route_unknown"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_envoy_is_refused_the_host_that_the_gateway_lets_through() {
    let world = shared().await;
    let key = world.key("alice");
    let through_the_gateway = world.get(Version::HTTP_11, READ, Some(&key)).await;
    assert_eq!(through_the_gateway.decision(), (200, ""));
    let foreign = OwnEnvoy::start(&world, "globex", None).await;
    assert_eq!(decision(&foreign.send(DOCUMENTS, as_(&key)).await), (403, "route_unknown"));
    let open = foreign.send(DOCUMENTS, Request::get("/healthz")).await;
    assert_eq!(decision(&open), (403, "route_unknown"), "even what needs no caller");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_does_not_pass_a_tenants_own_envoy() {
    let world = shared().await;
    let envoy = OwnEnvoy::start(&world, OWNER, None).await;
    let key = world.key("alice");
    for name in ["bailiwick-assertion", "bailiwick-subject", "x-forwarded-client-cert", "x-envoy-original-path"] {
        let answer = envoy.send(DOCUMENTS, as_(&key).header(name, "user:bob")).await;
        assert_eq!(decision(&answer), (200, ""), "{name}: {answer:?}");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["requested_by"]["subject"], "user:alice", "{name}");
        let alone = envoy.send(DOCUMENTS, Request::get(READ).header(name, "user:alice")).await;
        assert_eq!(decision(&alone), (401, "credential_missing"), "{name}");
    }
    let underscore = envoy.send(DOCUMENTS, as_(&key).header("bailiwick_assertion", "forged")).await;
    assert_eq!(underscore.status.as_u16(), 400);
    let mut slash = as_(&key);
    slash = slash.uri("/v1/documents%2froadmap");
    assert_eq!(envoy.send(DOCUMENTS, slash).await.status.as_u16(), 400, "an escaped slash");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_envoy_refuses_everything_while_gate_is_gone() {
    let world = shared().await;
    let nobody = Ports::free(1).unwrap().gate;
    let envoy = OwnEnvoy::start(&world, OWNER, Some(nobody)).await;
    for request in [as_(&world.key("alice")), Request::get("/healthz")] {
        assert_eq!(envoy.send(DOCUMENTS, request).await.status.as_u16(), 503);
    }
}

#[test]
fn the_sample_strips_what_the_gateway_strips() {
    let early = SAMPLE.split_once("early_header_mutation_extensions:").unwrap().1;
    let early = early.split_once("http_filters:").unwrap().0;
    for header in envoy::STRIPPED_HEADERS {
        assert!(early.contains(&format!("- remove: {header}\n")), "{header}");
    }
    assert!(early.contains("prefix: \"x-envoy-\""));
}
