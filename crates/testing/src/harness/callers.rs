//! Callers of every kind: what a user, a program, a stranger or the holder of a token would send.

use std::sync::Arc;

use assertion::{AccessTokenClaims, AssertionClaims, Expectation, Verdict};
use chassis::Clock as _;
use chassis::auth::{ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_ISSUER, ASSERTION_ISSUER};
use chassis::clock::ManualClock;
use chassis::signing::SigningKey;
use contract::{header, rpc};
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::{GrpcMethod, Request, Status};

use super::Harness;

/// What a caller shows, made anew for each call.
#[derive(Clone, Debug)]
pub struct Credentials {
    tenant: String,
    subject: String,
    scopes: Vec<String>,
    credential_kind: &'static str,
    credential_id: String,
    named_tenant: Option<String>,
    shows: Shows,
    key: SigningKey,
    clock: ManualClock,
}

#[derive(Clone, Debug)]
enum Shows {
    /// The assertion that gate would mint for whatever RPC is called.
    Assertion,
    /// The assertion that gate would mint for this RPC.
    AssertionFor(&'static str),
    /// An access token.
    Token,
}

impl Harness {
    /// Somebody who came through the gateway with an API key of these scopes, and was found to have the permission that the RPC asks
    /// for. `subject` is `user:ID` or `service_account:ID`; empty for nobody.
    pub fn as_subject(&self, tenant: &str, subject: &str, scopes: &[&str]) -> Credentials {
        self.credentials(tenant, subject, scopes, Shows::Assertion, self.assertion_key())
    }

    /// Somebody with an access token of these scopes.
    pub fn with_token(&self, tenant: &str, subject: &str, scopes: &[&str]) -> Credentials {
        self.credentials(tenant, subject, scopes, Shows::Token, self.token_key())
    }

    fn credentials(&self, tenant: &str, subject: &str, scopes: &[&str], shows: Shows, key: &SigningKey) -> Credentials {
        Credentials {
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            credential_kind: if subject.is_empty() { "" } else { "api_key" },
            credential_id: if subject.is_empty() { String::new() } else { "testkey000000000".to_owned() },
            named_tenant: None,
            shows,
            key: key.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl Credentials {
    /// The same, but the call also names this tenant.
    pub fn naming_tenant(mut self, tenant: &str) -> Self {
        self.named_tenant = Some(tenant.to_owned());
        self
    }

    /// The same, but the assertion was minted for this RPC, whichever is called.
    pub fn meant_for(mut self, path: &'static str) -> Self {
        self.shows = Shows::AssertionFor(path);
        self
    }

    /// The same, but signed with another key.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.key = key.clone();
        self
    }

    /// The same, but gate was shown an access token.
    pub fn from_access_token(mut self) -> Self {
        self.credential_kind = "access_token";
        self
    }

    /// The same, with the credential of this id.
    pub fn of_credential(mut self, id: &str) -> Self {
        id.clone_into(&mut self.credential_id);
        self
    }

    /// The header's name and value for a call of the RPC at this path.
    ///
    /// # Panics
    /// If the key does not sign.
    pub fn header_for(&self, path: &str) -> (&'static str, String) {
        let now = self.clock.now().unix_timestamp();
        match self.shows {
            Shows::Assertion => (header::ASSERTION, self.assertion(path, now)),
            Shows::AssertionFor(other) => (header::ASSERTION, self.assertion(other, now)),
            Shows::Token => ("authorization", format!("Bearer {}", self.token(now))),
        }
    }

    fn assertion(&self, path: &str, now: i64) -> String {
        let rpc = rpc::find(path);
        let expectation = Expectation::assertion(ASSERTION_ISSUER, "");
        let claims = AssertionClaims {
            issuer: ASSERTION_ISSUER.to_owned(),
            audience: rpc.map_or("", |rpc| rpc.service).to_owned(),
            subject: self.subject.clone(),
            tenant: self.tenant.clone(),
            scope: self.scopes.join(" "),
            route: path.to_owned(),
            permission: rpc.map_or("", |rpc| rpc.permission).to_owned(),
            verdict: Verdict::Allowed,
            request: String::new(),
            credential: self.credential_id.clone(),
            credential_kind: self.credential_kind.to_owned(),
            issued_at: now,
            expires_at: now + 60,
        };
        self.key.sign(expectation.token_type(), &claims).expect("the test's own key signs")
    }

    fn token(&self, now: i64) -> String {
        let expectation = Expectation::access_token(ACCESS_TOKEN_ISSUER, ACCESS_TOKEN_AUDIENCE);
        let claims = AccessTokenClaims {
            issuer: ACCESS_TOKEN_ISSUER.to_owned(),
            audience: ACCESS_TOKEN_AUDIENCE.to_owned(),
            subject: self.subject.clone(),
            client_id: self.credential_id.clone(),
            credential: self.credential_id.clone(),
            tenant: self.tenant.clone(),
            scope: self.scopes.join(" "),
            token_id: "test".to_owned(),
            issued_at: now,
            expires_at: now + 300,
            actor: None,
            ends_with: Vec::new(),
        };
        self.key.sign(expectation.token_type(), &claims).expect("the test's own key signs")
    }
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let method =
            request.extensions().get::<GrpcMethod<'static>>().ok_or_else(|| Status::internal("no generated client"))?;
        let path = format!("/{}/{}", method.service(), method.method());
        let (name, value) = self.header_for(&path);
        request.metadata_mut().insert(name, MetadataValue::try_from(value).expect("a token is plain ASCII"));
        if let Some(tenant) = &self.named_tenant {
            request
                .metadata_mut()
                .insert(header::TENANT, MetadataValue::try_from(tenant.as_str()).expect("a tenant is plain ASCII"));
        }
        Ok(request)
    }
}

/// A key that nobody has published.
///
/// # Panics
/// If the machine cannot make one.
pub fn unknown_key() -> Arc<SigningKey> {
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key can be made").serialize_pem();
    Arc::new(SigningKey::from_pem(pem.as_bytes()).expect("rcgen writes PKCS #8"))
}
