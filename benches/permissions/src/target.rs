//! The server that is measured: how it is reached, what it is shown, and which processes it is made of.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use bench_machine::Process;
use chassis::Aside;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

/// A connection that shows who is calling.
pub(crate) type Connection = InterceptedService<Channel, Shown>;

/// The server.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Of the first replica, as who may do everything.
    pub(crate) connections: Vec<Connection>,
    /// Of the first replica, as gate is; only of ours.
    pub(crate) as_gate: Vec<Connection>,
    /// Where schemas are written: ours takes them through the gateway alone.
    pub(crate) schemas: Option<Connection>,
    /// Of the second replica, if there is one.
    pub(crate) other: Option<Connection>,
    /// Another tenant, who storms; only of ours.
    pub(crate) stormer: Option<Stormer>,
    pub(crate) processes: Vec<Process>,
    /// Whether it speaks our own contract too.
    pub(crate) is_ours: bool,
}

/// A tenant beside the one that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Stormer {
    /// Where it stands: on threads that give way, since its clients would be other machines, and the measured tenant's clients must
    /// not wait while its answers are read.
    pub(crate) aside: Aside,
    /// They live there.
    pub(crate) connections: Vec<Connection>,
    pub(crate) schemas: Connection,
}

/// What a call shows: a header, whose value may be replaced while calls go on.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    name: &'static str,
    value: Arc<RwLock<Option<AsciiMetadataValue>>>,
}

impl Shown {
    /// A bearer token; none if it is empty.
    pub(crate) fn token(token: &str) -> Result<Self, String> {
        let shown = Self { name: "authorization", value: Arc::default() };
        shown.replace_token(token)?;
        Ok(shown)
    }

    /// The tenant that a peer acts for.
    pub(crate) fn tenant(tenant: &'static str) -> Self {
        let value = Some(AsciiMetadataValue::from_static(tenant));
        Self { name: contract::header::TENANT, value: Arc::new(RwLock::new(value)) }
    }

    pub(crate) fn replace_token(&self, token: &str) -> Result<(), String> {
        let value = match token {
            "" => None,
            token => Some(format!("Bearer {token}").parse().map_err(|_| "the token cannot stand in a header")?),
        };
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = value;
        Ok(())
    }
}

impl Interceptor for Shown {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &*self.value.read().unwrap_or_else(PoisonError::into_inner) {
            request.metadata_mut().insert(self.name, value.clone());
        }
        Ok(request)
    }
}

/// How a server is reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach<'a> {
    /// HOST:PORT.
    pub(crate) address: &'a str,
    /// Whom to believe; none for plain text.
    pub(crate) ca: Option<&'a Path>,
    /// The certificate to show, and its key.
    pub(crate) identity: Option<(&'a Path, &'a Path)>,
}

impl Reach<'_> {
    /// Connections, each of its own.
    pub(crate) async fn connect(&self, count: usize, shown: &Shown) -> Result<Vec<Connection>, String> {
        let mut all = Vec::new();
        for _ in 0..count {
            let channel = self.endpoint()?.connect().await;
            let channel = channel.map_err(|error| format!("{}: {error:?}", self.address))?;
            all.push(InterceptedService::new(channel, shown.clone()));
        }
        Ok(all)
    }

    fn endpoint(&self) -> Result<Endpoint, String> {
        let scheme = if self.ca.is_some() { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.address));
        let endpoint = endpoint.map_err(|error| format!("{}: {error}", self.address))?;
        let Some(ca) = self.ca else { return Ok(endpoint) };
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(ca)?));
        if self.address.starts_with("127.0.0.1:") {
            // Certificates for this machine name it.
            tls = tls.domain_name("localhost");
        }
        if let Some((certificate, key)) = self.identity {
            tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
        }
        endpoint.tls_config(tls).map_err(|error| format!("{}: {error}", self.address))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_as_a_bearer_and_can_be_replaced_while_connections_hold_it() {
        let shown = Shown::token("first").unwrap();
        let mut held = shown.clone();
        shown.replace_token("second").unwrap();
        let request = held.call(Request::new(())).unwrap();
        assert_eq!(request.metadata().get("authorization").unwrap(), "Bearer second");
        assert!(shown.replace_token("two\nlines").is_err());
    }

    #[test]
    fn no_token_shows_nothing() {
        let mut shown = Shown::token("").unwrap();
        assert!(shown.call(Request::new(())).unwrap().metadata().is_empty());
    }
}
