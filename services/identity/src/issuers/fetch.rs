//! One document over HTTPS: from a URL of the configuration, bounded in time and size, without following it elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use chassis::StartError;
use chassis::secret::Secret;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// The longest that a fetch takes.
const FETCH: Duration = Duration::from_secs(5);

/// The longest document, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Where a document is.
pub(super) struct Source {
    url: Url,
    tls: Arc<ClientConfig>,
    token_file: Option<PathBuf>,
}

impl Source {
    pub(super) fn new(url: &str, ca_file: &Path, token_file: Option<PathBuf>) -> Result<Self, StartError> {
        let refuse = |problem: String| StartError::Config(format!("identity.issuers: {url}: {problem}"));
        let parsed = Url::parse(url).map_err(|error| refuse(error.to_string()))?;
        let ca = Secret::read(ca_file)?;
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ca.expose()) {
            let root = root.map_err(|error| refuse(error.to_string()))?;
            roots.add(root).map_err(|error| refuse(error.to_string()))?;
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { url: parsed, tls: Arc::new(tls), token_file })
    }

    /// The URL, for logs.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The document, or what kept it from coming.
    pub(super) async fn fetch(&self) -> Result<Bytes, String> {
        let fetch = tokio::time::timeout(FETCH, self.get());
        fetch.await.map_err(|_| "it takes longer than 5 s".to_owned())?
    }

    async fn get(&self) -> Result<Bytes, String> {
        let host = self.url.host_str().ok_or("there is no host")?;
        let port = self.url.port_or_known_default().unwrap_or(443);
        let bare = host.trim_matches(['[', ']']).to_owned();
        let stream = TcpStream::connect((bare.as_str(), port)).await.map_err(|error| error.to_string())?;
        let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
        let request = self.request(host, port)?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
            if answer.status() != StatusCode::OK {
                return Err(format!("it answers {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
            Ok(body.map_err(|error| error.to_string())?.to_bytes())
        };
        tokio::pin!(exchange);
        tokio::select! {
            document = &mut exchange => document,
            ended = connection => match ended {
                // It ends with the answer, which may still have to be read.
                Ok(()) => exchange.await,
                Err(error) => Err(error.to_string()),
            },
        }
    }

    fn request(&self, host: &str, port: u16) -> Result<Request<Empty<Bytes>>, String> {
        let target = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let mut request = Request::get(target)
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::ACCEPT, "application/json");
        if let Some(file) = &self.token_file {
            let token = Secret::read(file).map_err(|error| error.to_string())?;
            let mut value = header::HeaderValue::from_str(&format!("Bearer {}", token.expose_text()))
                .map_err(|_| "the token is no header".to_owned())?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(Empty::new()).map_err(|error| error.to_string())
    }
}
