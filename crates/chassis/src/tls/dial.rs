//! Connections to others, made with the certificate and the authorities of the moment.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::Service;

use super::Tls;

/// How long a connection may take to be made, with its handshake.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);

/// Makes connections to whoever has one name in its certificate.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    tls: Tls,
    name: ServerName<'static>,
}

/// Why no channel can be made to an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressUnusable {
    #[error("is not a URL")]
    NotAnUrl,
    #[error(transparent)]
    Uri(#[from] tonic::transport::Error),
    #[error("names nobody: {0}")]
    Name(#[from] InvalidDnsNameError),
}

impl Dial {
    /// To whoever has this name.
    pub(crate) fn to(name: &str, tls: &Tls) -> Result<Self, AddressUnusable> {
        Ok(Self { tls: tls.clone(), name: ServerName::try_from(name.to_owned())? })
    }

    /// A channel to an address of the form `https://HOST:PORT`, without connecting yet.
    pub(crate) fn channel(
        &self,
        address: &str,
        settle: impl FnOnce(Endpoint) -> Endpoint,
    ) -> Result<Channel, AddressUnusable> {
        let origin: Uri = address.parse().map_err(|_| AddressUnusable::NotAnUrl)?;
        // The library speaks TLS itself to what is called https, with what it was given once and for all.
        let dialled = Endpoint::from_shared(address.replacen("https://", "http://", 1))?;
        Ok(settle(dialled.origin(origin)).connect_with_connector_lazy(self.clone()))
    }

    /// Whether a connection can be made to an address now.
    pub(crate) async fn reaches(mut self, address: String) -> bool {
        let Ok(uri) = address.parse() else { return false };
        self.call(uri).await.is_ok()
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(self.tls.client()).connect(self.name, stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(io::Error::other("the other end does not speak HTTP/2"));
        }
        Ok(TokioIo::new(stream))
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(CONNECT, self.clone().connect(uri));
        Box::pin(async { connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? })
    }
}
