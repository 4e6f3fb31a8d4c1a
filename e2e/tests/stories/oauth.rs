//! OAuth 2 clients that others wrote, unmodified, through Envoy; and what a token of theirs opens.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::identity::v1::client_credential_service_client::ClientCredentialServiceClient;
use contract::identity::v1::{AddClientCredentialRequest, RevokeClientCredentialRequest};
use e2e::{World, shared};
use http::{Request, Version};
use testing::http::Answer;
use testing::parts;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_and_joserfc_work_unchanged() {
    let world = shared().await;
    let packages = parts::python_oauth_clients(&mut |line| eprintln!("{line}")).unwrap();
    let mut python = Command::new("python3");
    python
        .arg(Path::new(CLIENTS).join("oauth_client.py"))
        .arg(world.port().to_string())
        .arg(world.files().authority())
        .arg(world.keys.file("admin"))
        .env("PYTHONPATH", packages)
        .env("REQUESTS_CA_BUNDLE", world.files().authority())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_oauth4webapi_and_jose_work_unchanged() {
    let world = shared().await;
    let node = parts::node(&mut |line| eprintln!("{line}")).unwrap();
    let packages = parts::javascript_oauth_clients(&mut |line| eprintln!("{line}")).unwrap();
    // Node looks for packages beside the program that asks for them.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(packages.join("node_modules"), folder.path().join("node_modules")).unwrap();
    let script = folder.path().join("oauth_client.mjs");
    std::fs::copy(Path::new(CLIENTS).join("oauth_client.mjs"), &script).unwrap();
    let mut command = Command::new(node);
    command
        .arg(script)
        .arg(world.port().to_string())
        .arg(world.keys.file("admin"))
        .env("NODE_EXTRA_CA_CERTS", world.files().authority());
    run(command).await;
}

async fn token(world: &World, secret: &str) -> Answer {
    let form = format!("grant_type=client_credentials&client_id=acme.ci&client_secret={secret}");
    let request = Request::post("/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .unwrap();
    world.connect("localhost", Version::HTTP_11).await.send(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_the_upstream_at_the_gateway_until_its_credential_is_revoked() {
    let world = shared().await;
    let gateway = world.gateway();
    let mut credentials = ClientCredentialServiceClient::new(gateway.channel());
    let request = AddClientCredentialRequest {
        service_account_id: "ci".to_owned(),
        scopes: vec!["documents.read".to_owned()],
        ..Default::default()
    };
    let request = gateway.request(request, Some(&world.key("admin"))).unwrap();
    let made = credentials.add_client_credential(request).await.unwrap().into_inner();
    let answer = token(&world, &made.secret).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let token_text = told["access_token"].as_str().unwrap();
    let read = async || world.get(Version::HTTP_2, "/v1/documents/budget", Some(token_text)).await.status;
    assert_eq!(read().await, 200);

    let id = made.client_credential.unwrap().id;
    let end = RevokeClientCredentialRequest { client_credential_id: id };
    credentials.revoke_client_credential(gateway.request(end, Some(&world.key("admin"))).unwrap()).await.unwrap();
    assert_eq!(token(&world, &made.secret).await.status, 401);
    let began = Instant::now();
    while read().await != 401 {
        assert!(began.elapsed() < Duration::from_secs(5), "the token outlives its credential");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_paths_of_oauth_are_open_by_their_method_and_spelling_alone() {
    let world = shared().await;
    let mut connection = world.connect("localhost", Version::HTTP_2).await;
    let mut status = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        connection.send(request).await.unwrap().status.as_u16()
    };
    assert_eq!(status("GET", "/.well-known/jwks.json").await, 200);
    assert_eq!(status("POST", "/oauth2/token").await, 400);
    for (method, path) in [
        ("GET", "/oauth2/token"),
        ("PUT", "/oauth2/token"),
        ("POST", "/oauth2/token/"),
        ("POST", "/oauth2/authorize"),
        ("POST", "/.well-known/jwks.json"),
        ("GET", "/.well-known/jwks"),
    ] {
        let refused = status(method, path).await;
        assert!(matches!(refused, 403 | 404), "{method} {path}: {refused}");
    }
    // A tenant's host has none of them.
    let request = Request::get("/.well-known/jwks.json").body(Bytes::new()).unwrap();
    let answer = world.connect(e2e::DOCUMENTS, Version::HTTP_2).await.send(request).await.unwrap();
    assert_ne!(answer.status, 200);
}
