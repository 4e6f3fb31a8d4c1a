//! Workloads get tokens for what their platform gives them: Kubernetes' service-account tokens and JWT-SVIDs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use contract::identity::v1::{BindWorkloadRequest, UnbindWorkloadRequest, Workload};
use identity::{Identity, IssuerConfig, IssuerKind};
use jsonwebtoken::{Algorithm, Header};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use testing::certificates::Authority;
use testing::http::Answer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::oauth::{JWT_BEARER, KeyPair, body, claims, p256, refusal, rsa};
use crate::world::{ISSUER, World, section};

const CLUSTER: &str = "https://kubernetes.default.svc";
const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// A platform that answers its keys over HTTPS.
struct Platform {
    _folder: tempfile::TempDir,
    authority: Authority,
    port: u16,
    keys: Arc<std::sync::Mutex<Value>>,
    asked: Arc<AtomicU32>,
}

impl Platform {
    async fn start(keys: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::keep(folder.path()).unwrap();
        let leaf = authority.keep_peer("platform").unwrap();
        let chain = CertificateDer::pem_file_iter(&leaf.certificate).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&leaf.key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (keys, asked) = (Arc::new(std::sync::Mutex::new(keys)), Arc::new(AtomicU32::new(0)));
        let (served, counted) = (Arc::clone(&keys), Arc::clone(&asked));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            listener_loop(&runtime, listener.into_std().unwrap(), &acceptor, &served, &counted);
        });
        Self { _folder: folder, authority, port, keys, asked }
    }

    fn issuer(&self, kind: IssuerKind, issuer: &str, trust_domain: &str) -> IssuerConfig {
        IssuerConfig {
            kind,
            issuer: issuer.to_owned(),
            trust_domain: trust_domain.to_owned(),
            keys_url: format!("https://localhost:{}/keys", self.port),
            ca_file: self.authority.certificate_file(),
            token_file: None,
        }
    }
}

fn listener_loop(
    runtime: &tokio::runtime::Runtime,
    listener: std::net::TcpListener,
    acceptor: &tokio_rustls::TlsAcceptor,
    keys: &std::sync::Mutex<Value>,
    asked: &AtomicU32,
) {
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 4_096];
            let _ = stream.read(&mut request).await;
            asked.fetch_add(1, Ordering::SeqCst);
            let body = keys.lock().unwrap().to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
}

fn member(pair: &KeyPair, id: &str, purpose: &str) -> Value {
    let mut member = pair.jwk.clone();
    member["kid"] = json!(id);
    member["use"] = json!(purpose);
    member
}

async fn start(platform: &Platform) -> World {
    let issuers = vec![
        platform.issuer(IssuerKind::Kubernetes, CLUSTER, "cluster.test"),
        platform.issuer(IssuerKind::Spiffe, "", "mesh.test"),
    ];
    let service = testing::harness::start::<Identity>(|files| identity::Config { issuers, ..section(files) }).await;
    let mut world = World { service, acme: Default::default() };
    world.acme = world.bootstrap("acme").await.unwrap();
    world
}

impl World {
    async fn bind(&self, spiffe_id: &str) {
        let workload = Workload {
            spiffe_id: spiffe_id.to_owned(),
            tenant_id: "acme".to_owned(),
            service_account_id: "admin".to_owned(),
            scopes: vec!["documents.read".to_owned()],
            bound_at: None,
        };
        self.workloads().bind_workload(BindWorkloadRequest { workload: Some(workload) }).await.unwrap();
    }

    async fn token_as(&self, kind: &str, assertion: &str) -> Answer {
        let form =
            [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", assertion)];
        self.post("/oauth2/token", None, &form).await
    }

    fn now(&self) -> i64 {
        chassis::Clock::now(self.service.clock()).unix_timestamp()
    }

    fn kubernetes(&self) -> Value {
        json!({
            "iss": CLUSTER, "sub": "system:serviceaccount:shop:web", "aud": [ISSUER], "iat": self.now(), "nbf": self.now(),
            "exp": self.now() + 3_600, "kubernetes.io": { "namespace": "shop", "serviceaccount": { "name": "web" } },
        })
    }

    fn svid(&self) -> Value {
        json!({ "sub": "spiffe://mesh.test/web", "aud": ISSUER, "exp": self.now() + 300 })
    }
}

fn sign(pair: &KeyPair, algorithm: Algorithm, id: &str, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(id.to_owned());
    jsonwebtoken::encode(&header, claims, &pair.encoding).unwrap()
}

fn unknown() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_workload_gets_a_token_for_what_its_platform_gave_it_as_often_as_it_likes() {
    let (cluster, mesh) = (rsa(aws_lc_rs::rsa::KeySize::Rsa2048), p256());
    let keys = json!({ "keys": [member(&cluster, "k1", "sig"), member(&mesh, "s1", "jwt-svid")] });
    let platform = Platform::start(keys).await;
    let world = start(&platform).await;
    let token = sign(&cluster, Algorithm::RS256, "k1", &world.kubernetes());
    let svid = sign(&mesh, Algorithm::ES256, "s1", &world.svid());
    for (kind, assertion, name) in [
        (JWT_BEARER, &token, "spiffe://cluster.test/ns/shop/sa/web"),
        (JWT_SPIFFE, &svid, "spiffe://mesh.test/web"),
        (JWT_BEARER, &svid, "spiffe://mesh.test/web"),
    ] {
        if kind == JWT_BEARER && assertion == &svid {
            // Bound a moment ago.
        } else {
            assert_eq!(refusal(&world.token_as(kind, assertion).await), unknown(), "nobody has bound {name}");
            world.bind(name).await;
        }
        for _ in 0..2 {
            let answer = world.token_as(kind, assertion).await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            let token = body(&answer)["access_token"].as_str().unwrap().to_owned();
            let claims = claims(&token);
            assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("service_account:admin"), &json!("acme.admin")));
            assert_eq!((&claims["credential"], &claims["scope"]), (&json!(name), &json!("documents.read")));
        }
    }
    let free = UnbindWorkloadRequest { spiffe_id: "spiffe://mesh.test/web".to_owned() };
    world.workloads().unbind_workload(free).await.unwrap();
    assert_eq!(refusal(&world.token_as(JWT_SPIFFE, &svid).await), unknown());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_platform_did_not_give_is_not_believed() {
    let (cluster, mesh) = (rsa(aws_lc_rs::rsa::KeySize::Rsa2048), p256());
    let keys = json!({ "keys": [member(&cluster, "k1", "sig"), member(&mesh, "s1", "jwt-svid")] });
    let platform = Platform::start(keys).await;
    let world = start(&platform).await;
    world.bind("spiffe://cluster.test/ns/shop/sa/web").await;
    world.bind("spiffe://mesh.test/web").await;
    let with = |claims: Value, name: &str, value: Value| {
        let mut claims = claims;
        claims[name] = value;
        claims
    };
    let kubernetes = |claims: &Value| sign(&cluster, Algorithm::RS256, "k1", claims);
    let svid = |claims: &Value| sign(&mesh, Algorithm::ES256, "s1", claims);
    let now = world.now();
    for (name, forged) in [
        ("another audience", kubernetes(&with(world.kubernetes(), "aud", json!(["https://kubernetes.default.svc"])))),
        ("an audience that ours begins", kubernetes(&with(world.kubernetes(), "aud", json!([format!("{ISSUER}/")])))),
        (
            "an audience that begins ours",
            kubernetes(&with(world.kubernetes(), "aud", json!(&ISSUER[..ISSUER.len() - 1]))),
        ),
        ("an audience in upper case", kubernetes(&with(world.kubernetes(), "aud", json!([ISSUER.to_uppercase()])))),
        ("an empty list of audiences", kubernetes(&with(world.kubernetes(), "aud", json!([])))),
        ("one audience twice", kubernetes(&with(world.kubernetes(), "aud", json!([ISSUER, ISSUER])))),
        ("two audiences", kubernetes(&with(world.kubernetes(), "aud", json!([ISSUER, "vault"])))),
        ("no audience", kubernetes(&with(world.kubernetes(), "aud", Value::Null))),
        ("another cluster", kubernetes(&with(world.kubernetes(), "iss", json!("https://other")))),
        ("a node", kubernetes(&with(world.kubernetes(), "sub", json!("system:node:a")))),
        ("a longer name", kubernetes(&with(world.kubernetes(), "sub", json!("system:serviceaccount:shop:web:x")))),
        ("a path in the name", kubernetes(&with(world.kubernetes(), "sub", json!("system:serviceaccount:..:web")))),
        ("too long a life", kubernetes(&with(world.kubernetes(), "exp", json!(now + 3_661)))),
        ("over", kubernetes(&with(world.kubernetes(), "exp", json!(now)))),
        ("not begun", kubernetes(&with(world.kubernetes(), "nbf", json!(now + 6)))),
        ("another trust domain", svid(&with(world.svid(), "sub", json!("spiffe://cluster.test/ns/shop/sa/web")))),
        ("a trust domain that nobody knows", svid(&with(world.svid(), "sub", json!("spiffe://evil.test/web")))),
        ("no end", svid(&with(world.svid(), "exp", Value::Null))),
        ("another spelling", svid(&with(world.svid(), "sub", json!("spiffe://mesh.test//web")))),
        ("signed by nobody", sign(&p256(), Algorithm::ES256, "s1", &world.svid())),
        ("a key of nobody", sign(&p256(), Algorithm::ES256, "s2", &world.svid())),
        ("another algorithm", sign(&cluster, Algorithm::PS256, "k1", &world.kubernetes())),
    ] {
        assert_eq!(refusal(&world.token_as(JWT_BEARER, &forged).await), unknown(), "{name}");
    }
    assert_eq!(world.token_as(JWT_BEARER, &kubernetes(&world.kubernetes())).await.status, 200);
    // What has an issuer too is an SVID all the same.
    let with_issuer = svid(&with(world.svid(), "iss", json!("https://spire.test")));
    assert_eq!(world.token_as(JWT_SPIFFE, &with_issuer).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_asked_for_once_and_made_up_ones_hardly_ever() {
    let (old, new) = (p256(), p256());
    let platform = Platform::start(json!({ "keys": [member(&old, "old", "jwt-svid")] })).await;
    let world = start(&platform).await;
    world.bind("spiffe://mesh.test/web").await;
    assert_eq!(world.token_as(JWT_SPIFFE, &sign(&old, Algorithm::ES256, "old", &world.svid())).await.status, 200);
    *platform.keys.lock().unwrap() =
        json!({ "keys": [member(&old, "old", "jwt-svid"), member(&new, "new", "jwt-svid")] });
    assert_eq!(world.token_as(JWT_SPIFFE, &sign(&new, Algorithm::ES256, "new", &world.svid())).await.status, 200);
    let asked = platform.asked.load(Ordering::SeqCst);
    for number in 0..20 {
        let made_up = sign(&new, Algorithm::ES256, &format!("made-up-{number}"), &world.svid());
        assert_eq!(refusal(&world.token_as(JWT_SPIFFE, &made_up).await), unknown());
    }
    assert_eq!(platform.asked.load(Ordering::SeqCst), asked, "at most once in ten seconds");
}
