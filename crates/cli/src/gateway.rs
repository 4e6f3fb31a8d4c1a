//! The way to the gateway: one channel, the credential on each call, a deadline on each call.

use std::future::Future;
use std::time::Duration;

use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};

use crate::failure::Failure;
use crate::target::Target;
use crate::text_file;

/// The largest answer that is taken in: a schema of 4 MiB, and then some.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A channel whose calls carry the credential.
pub(crate) type Authenticated = InterceptedService<Channel, Headers>;

/// The gateway. Nothing is connected before the first call.
#[derive(Debug)]
pub(crate) struct Gateway {
    channel: Channel,
    headers: Headers,
    url: String,
    timeout: Duration,
}

/// What every call carries.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    authorization: Option<MetadataValue<Ascii>>,
    tenant: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        if let Some(tenant) = &self.tenant {
            request.metadata_mut().insert(contract::header::TENANT, tenant.clone());
        }
        Ok(request)
    }
}

impl Gateway {
    /// The gateway of a target.
    pub(crate) fn new(target: &Target) -> Result<Self, Failure> {
        let mut endpoint = Endpoint::from_shared(target.url.clone())
            .map_err(|error| Failure::wrong_use(format!("{} is not a URL: {error}", target.url)))?
            .user_agent(concat!("bailiwick/", env!("CARGO_PKG_VERSION")))
            .expect("a name and a version are a header value")
            .connect_timeout(target.timeout)
            .tcp_nodelay(true);
        if target.url.starts_with("https:") {
            endpoint = endpoint.tls_config(tls(target)?).map_err(|error| not_authorities(target, &error))?;
        }
        let headers = Headers {
            authorization: target.credential.as_ref().map(|credential| {
                let mut value = MetadataValue::try_from(format!("Bearer {}", credential.expose()))
                    .expect("a credential was looked at when it was read");
                value.set_sensitive(true);
                value
            }),
            tenant: target.tenant.as_deref().map(tenant_header).transpose()?,
        };
        Ok(Self { channel: endpoint.connect_lazy(), headers, url: target.url.clone(), timeout: target.timeout })
    }

    /// Makes one call with the credential.
    pub(crate) async fn call<M, R, F, Fut>(&self, message: M, call: F) -> Result<R, Failure>
    where
        F: FnOnce(Authenticated, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        if self.headers.authorization.is_none() {
            return Err(Failure::wrong_use("there is no credential to call with").hint(
                "Set BAILIWICK_API_KEY, or store a key for this gateway: bailiwick profile set NAME --url URL --api-key-file FILE.",
            ));
        }
        self.call_with(self.headers.clone(), message, call).await
    }

    /// Makes one call that needs no credential, without one: a stale one would only be refused.
    pub(crate) async fn call_as_nobody<M, R, F, Fut>(&self, message: M, call: F) -> Result<R, Failure>
    where
        F: FnOnce(Authenticated, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        self.call_with(Headers { authorization: None, tenant: None }, message, call).await
    }

    /// What stands at a path that everybody may read, over HTTP.
    pub(crate) async fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let unavailable = |problem: String| Failure::unavailable(format!("{} cannot be read: {problem}", self.url));
        let request = http::Request::get(path).body(Body::empty()).expect("the path is of the contract");
        let mut channel = self.channel.clone();
        let exchange = async {
            std::future::poll_fn(|context| GrpcService::<Body>::poll_ready(&mut channel, context)).await?;
            GrpcService::<Body>::call(&mut channel, request).await
        };
        let answer = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| unavailable(format!("no answer within {:?}", self.timeout)))?
            .map_err(|error| Failure::of_call(&Status::from_error(Box::new(error)), &self.url))?;
        if answer.status() != http::StatusCode::OK {
            return Err(unavailable(format!("{path} is answered with {}", answer.status())));
        }
        let body = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect();
        Ok(body.await.map_err(|error| unavailable(error.to_string()))?.to_bytes().to_vec())
    }

    async fn call_with<M, R, F, Fut>(&self, headers: Headers, message: M, call: F) -> Result<R, Failure>
    where
        F: FnOnce(Authenticated, Request<M>) -> Fut,
        Fut: Future<Output = Result<Response<R>, Status>>,
    {
        let channel = InterceptedService::new(self.channel.clone(), headers);
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        match tokio::time::timeout(self.timeout, call(channel, request)).await {
            Ok(answer) => answer.map(Response::into_inner).map_err(|status| Failure::of_call(&status, &self.url)),
            Err(_) => Err(Failure::unavailable(format!("{} did not answer within {:?}", self.url, self.timeout))
                .hint("Give it more time, for example --timeout 30s. A change may have been made.")),
        }
    }
}

fn tls(target: &Target) -> Result<ClientTlsConfig, Failure> {
    let Some(ca) = &target.ca else { return Ok(ClientTlsConfig::new().with_native_roots()) };
    let pem = text_file::read(ca)?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Failure::wrong_use(format!("{} holds no certificate in PEM", text_file::shown(ca))));
    }
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

fn not_authorities(target: &Target, error: &tonic::transport::Error) -> Failure {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    match &target.ca {
        Some(ca) => Failure::wrong_use(format!("the certificates in {} cannot be used: {cause}", text_file::shown(ca))),
        None => Failure::wrong_use(format!("the system's certificate authorities cannot be used: {cause}"))
            .hint("Name a PEM file instead: --ca FILE or BAILIWICK_CA."),
    }
}

fn tenant_header(tenant: &str) -> Result<MetadataValue<Ascii>, Failure> {
    let form = "the tenant is not 3 to 32 characters of a-z, 0-9 and -";
    let inner = tenant.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !inner || !(3..=32).contains(&tenant.len()) {
        return Err(Failure::wrong_use(form));
    }
    MetadataValue::try_from(tenant).map_err(|_| Failure::wrong_use(form))
}
