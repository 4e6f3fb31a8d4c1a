//! An upstream in this process, a gate that signs for it, and a client.

use std::net::SocketAddr;
use std::sync::Arc;

use assertion::{AssertionClaims, KeyUse, Verdict};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::Keys;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PublicKeyData as _};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;

pub(crate) const ASSERTION: &str = "bailiwick-assertion";

/// When all tests happen.
pub(crate) const NOW: OffsetDateTime = time::macros::datetime!(2030-01-01 12:00 UTC);

/// Who signs assertions.
pub(crate) struct Gate {
    key: EncodingKey,
    key_id: String,
    pub(crate) jwk: String,
}

impl Gate {
    pub(crate) fn new(key_id: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let (x, y) = pair.der_bytes()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self { key, key_id: key_id.to_owned(), jwk }
    }

    pub(crate) fn sign(&self, claims: &AssertionClaims) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("bailiwick-assertion+jwt".to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// What gate says about alice of acme on a route.
pub(crate) fn alice(route: &str) -> AssertionClaims {
    AssertionClaims {
        issuer: "bailiwick/gate".to_owned(),
        audience: "documents".to_owned(),
        subject: "user:alice".to_owned(),
        tenant: "acme".to_owned(),
        scope: "documents.read".to_owned(),
        route: route.to_owned(),
        permission: "document#view".to_owned(),
        verdict: Verdict::Allowed,
        request: String::new(),
        credential: "k1".to_owned(),
        credential_kind: "api_key".to_owned(),
        issued_at: NOW.unix_timestamp(),
        expires_at: (NOW + Duration::seconds(60)).unix_timestamp(),
    }
}

/// A running upstream that knows the gate's key.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let (gate, keys) = (Gate::new("gate-1"), Keys::default());
        keys.set.publish("gate-1", KeyUse::Assertion, &gate.jwk, NOW + Duration::days(1)).unwrap();
        keys.came();
        Self { address: serve(keys).await, gate }
    }

    /// A call as alice, on a route.
    pub(crate) async fn as_alice(&self, method: Method, path: &str, route: &str, body: &str) -> Answer {
        self.call(method, path, &[&self.gate.sign(&alice(route))], body).await
    }

    /// A call with these assertions.
    pub(crate) async fn call(&self, method: Method, path: &str, assertions: &[&str], body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        for assertion in assertions {
            headers.append(ASSERTION, assertion.parse().unwrap());
        }
        call(self.address, false, method, path, headers, body).await
    }
}

/// Serves the upstream with these keys.
pub(crate) async fn serve(keys: Keys) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = documents::router(keys, "documents", Arc::new(|| NOW));
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) json: serde_json::Value,
}

pub(crate) async fn call(
    address: SocketAddr,
    http2: bool,
    method: Method,
    path: &str,
    headers: HeaderMap,
    body: &str,
) -> Answer {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    *request.headers_mut() = headers;
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    let response: Response<Incoming> = client.request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, json: serde_json::from_slice(&body).unwrap_or_default() }
}
