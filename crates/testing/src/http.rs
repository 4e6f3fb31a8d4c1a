//! A client of the gateway over HTTP/1.1 or HTTP/2, for calls whose every header matters.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::certificates::CertificateFiles;
use crate::error::{Doing, Error, Result};

/// How HTTP/2 is called when protocols are agreed upon (RFC 9113, 3.2).
const HTTP_2: &[u8] = b"h2";

/// The longest a call may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One connection to the gateway.
#[derive(Debug)]
pub struct Connection {
    authority: String,
    sender: Sender,
    /// Drives the connection, until this value is dropped.
    _driver: JoinSet<()>,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What the gateway answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// From the first byte sent to the last byte received.
    pub took: Duration,
}

impl Answer {
    /// A header as text, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Connection {
    /// Connects to `host` at a port of this machine, believing the authority in the file.
    ///
    /// # Errors
    /// If the connection fails, or the server shows another's certificate or speaks another protocol.
    pub async fn open(host: &str, port: u16, version: Version, authority: &Path) -> Result<Self> {
        Self::over(host, local(port), tls(authority, version, None)?).await
    }

    /// Connects to `host` at an address elsewhere.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_at(address: SocketAddr, host: &str, version: Version, authority: &Path) -> Result<Self> {
        Self::over(host, address, tls(authority, version, None)?).await
    }

    /// The same, and shows a client certificate.
    ///
    /// # Errors
    /// As [`Self::open`]. Whether the server takes the certificate may show only when something is sent.
    pub async fn open_as(
        shown: &CertificateFiles,
        host: &str,
        port: u16,
        version: Version,
        authority: &Path,
    ) -> Result<Self> {
        Self::over(host, local(port), tls(authority, version, Some(shown))?).await
    }

    async fn over(host: &str, address: SocketAddr, config: ClientConfig) -> Result<Self> {
        let is_http2 = config.alpn_protocols == [HTTP_2];
        let connector = TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(address).await.doing(|| format!("connect to {address}"))?;
        stream.set_nodelay(true).doing(|| format!("connect to {address}"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::new(format!("{host} is not a host")))?;
        let stream = connector.connect(name, stream).await.doing(|| format!("begin TLS with {host} at {address}"))?;
        let stream = TokioIo::new(stream);
        let mut driver = JoinSet::new();
        let sender = if is_http2 {
            let (sender, connection) =
                http2::handshake(TokioExecutor::new(), stream).await.map_err(|error| failed(host, &error))?;
            driver.spawn(async { drop(connection.await) });
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.map_err(|error| failed(host, &error))?;
            driver.spawn(async { drop(connection.await) });
            Sender::Http1(sender)
        };
        Ok(Self { authority: format!("{host}:{}", address.port()), sender, _driver: driver })
    }

    /// Sends one request; its URI is a path, with or without a query.
    ///
    /// # Errors
    /// If no answer comes, or not in time.
    pub async fn send(&mut self, mut request: Request<Bytes>) -> Result<Answer> {
        let path = request.uri().to_string();
        if matches!(self.sender, Sender::Http2(_)) {
            let uri = format!("https://{}{path}", self.authority);
            *request.uri_mut() = uri.parse().map_err(|_| Error::new(format!("{uri} is not a URI")))?;
        } else if !request.headers().contains_key(http::header::HOST) {
            let host = self.authority.parse().map_err(|_| Error::new(format!("{} is not a host", self.authority)))?;
            request.headers_mut().insert(http::header::HOST, host);
        }
        let request = request.map(Full::new);
        let start = Instant::now();
        let exchange = async {
            let answer = match &mut self.sender {
                Sender::Http1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await?
                }
                Sender::Http2(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await?
                }
            };
            let (head, body) = answer.into_parts();
            Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
        };
        let (head, body) = tokio::time::timeout(ANSWER_MAX, exchange)
            .await
            .map_err(|_| Error::new(format!("{path} was not answered within {ANSWER_MAX:?}")))?
            .map_err(|error| failed(&path, &error))?;
        Ok(Answer { status: head.status, headers: head.headers, body, took: start.elapsed() })
    }
}

/// The body of a page of a service's own administration, which is plain HTTP on this machine.
///
/// # Errors
/// If no answer comes, or is no text.
pub async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let stream = TcpStream::connect(address).await.doing(|| format!("connect to {address}"))?;
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async { drop(connection.await) });
        let request = Request::get(path).header(http::header::HOST, "localhost").body(Full::<Bytes>::default());
        let answer = sender.send_request(request.expect("a path and a host make a request")).await?;
        Ok::<_, hyper::Error>(answer.into_body().collect().await?.to_bytes())
    };
    let body = exchange.await.map_err(|error| failed(path, &error))?;
    String::from_utf8(body.into()).map_err(|_| Error::new(format!("{path} is no text")))
}

/// A port of this machine.
fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn tls(authority: &Path, version: Version, shown: Option<&CertificateFiles>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(authority)? {
        roots.add(certificate).map_err(|error| unreadable(authority, &error))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::new(format!("TLS cannot be set up: {error}")))?;
    let builder = builder.with_root_certificates(roots);
    let mut config = match shown {
        None => builder.with_no_client_auth(),
        Some(CertificateFiles { certificate, key }) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            let unusable = |error| unreadable(certificate, &error);
            builder.with_client_auth_cert(certificates_in(certificate)?, private).map_err(unusable)?
        }
    };
    config.alpn_protocols = vec![if version == Version::HTTP_2 { HTTP_2.to_vec() } else { b"http/1.1".to_vec() }];
    Ok(config)
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, &error))?;
    certificates.map(|certificate| certificate.map_err(|error| unreadable(file, &error))).collect()
}

fn unreadable(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(format!("cannot read {}: {error}", file.display()))
}

fn failed(what: &str, error: &dyn std::error::Error) -> Error {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let message = causes.fold(error.to_string(), |message, cause| format!("{message}: {cause}"));
    Error::new(format!("{what}: {message}"))
}
