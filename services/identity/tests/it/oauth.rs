//! An OAuth 2 client of identity: what it sends, and what it is answered.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chassis::Clock as _;
use chassis::clock::SystemEntropy;
use contract::identity::v1::client_credential_service_client::ClientCredentialServiceClient;
use contract::identity::v1::{AddClientCredentialRequest, AddClientCredentialResponse};
use http::{Request, Version};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use testing::http::{Answer, Connection};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::world::{ISSUER, World};

/// The client of the tests.
pub(crate) const CLIENT: &str = "acme.admin";

/// Another resource than Bailiwick itself.
pub(crate) const DOCUMENTS: &str = "https://documents.test";

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client's key pair.
pub(crate) struct KeyPair {
    pub(crate) jwk: Value,
    pub(crate) encoding: EncodingKey,
}

impl World {
    pub(crate) fn client_credentials(
        &self,
        tenant: &str,
    ) -> ClientCredentialServiceClient<InterceptedService<Channel, testing::harness::Credentials>> {
        ClientCredentialServiceClient::with_interceptor(self.service.channel(), self.administrator(tenant))
    }

    /// A secret of the tenant's service account `admin`.
    pub(crate) async fn client_secret(&self, tenant: &str, scopes: &[&str]) -> AddClientCredentialResponse {
        self.client_credentials(tenant).add_client_credential(credential(scopes)).await.unwrap().into_inner()
    }

    /// A registered key of the service account `admin` of `acme`.
    pub(crate) async fn client_key(&self, pair: &KeyPair) -> AddClientCredentialResponse {
        let request = AddClientCredentialRequest { jwk: pair.jwk.to_string(), ..credential(&["documents.read"]) };
        self.client_credentials("acme").add_client_credential(request).await.unwrap().into_inner()
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Answer {
        let port = self.service.running().address.port();
        let authority = self.service.authority().certificate_file();
        let mut connection = Connection::open("localhost", port, Version::HTTP_2, &authority).await.unwrap();
        connection.send(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Posts a form, with or without an `authorization` header.
    pub(crate) async fn post(&self, path: &str, authorization: Option<&str>, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        self.send(request.body(Bytes::from(body)).unwrap()).await
    }

    /// A token for a secret shown in the header, with these further parameters.
    pub(crate) async fn token(&self, secret: &str, more: &[(&str, &str)]) -> Answer {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        self.post("/oauth2/token", Some(&basic(CLIENT, secret)), &form).await
    }

    /// A token for an assertion.
    pub(crate) async fn token_for(&self, assertion: &str) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ];
        self.post("/oauth2/token", None, &form).await
    }

    /// The claims of an assertion that is as it should be.
    pub(crate) fn assertion_claims(&self) -> Value {
        let now = self.service.clock().now().unix_timestamp();
        let id = chassis::clock::new_id(self.service.clock().now(), &SystemEntropy).to_string();
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": id })
    }
}

pub(crate) fn credential(scopes: &[&str]) -> AddClientCredentialRequest {
    AddClientCredentialRequest {
        service_account_id: "admin".to_owned(),
        display_name: "ci".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        audiences: vec![DOCUMENTS.to_owned()],
        ..Default::default()
    }
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}

/// The status and the word of a refusal, which nobody may keep.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let challenged = answer.header("www-authenticate").is_some();
    assert_eq!(challenged, answer.status == 401, "RFC 6749, 5.2: {answer:?}");
    (answer.status.as_u16(), body(answer)["error"].as_str().unwrap_or_default().to_owned())
}

/// The claims of a token, unverified: for a look at one that is believed otherwise.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(crate) fn p256() -> KeyPair {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let (x, y) = pair.public_key_raw()[1..].split_at(32);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
    KeyPair { jwk, encoding: EncodingKey::from_ec_der(&pair.serialize_der()) }
}

pub(crate) fn ed25519() -> KeyPair {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key_raw()) });
    KeyPair { jwk, encoding: EncodingKey::from_ed_der(&pair.serialize_der()) }
}

pub(crate) fn rsa(size: aws_lc_rs::rsa::KeySize) -> KeyPair {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::KeyPair as _;
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).unwrap();
    let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
    let jwk = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB" });
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    KeyPair { jwk, encoding: EncodingKey::from_rsa_pem(pem(der.as_ref()).as_bytes()).unwrap() }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

pub(crate) fn sign(pair: &KeyPair, algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &pair.encoding).unwrap()
}
