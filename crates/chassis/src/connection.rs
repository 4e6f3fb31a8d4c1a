//! Connections: accepted up to a limit, shaken hands with in time, and known by the peer that their certificate names.

mod gathering;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use contract::peer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use self::gathering::Gathering;
use crate::auth::ShownPeer;
use crate::service::Foundation;
use crate::start::StartError;
use crate::subject::TenantId;
use crate::tasks::Tasks;
use crate::tls::Tls;

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How many connections wait to be accepted, before the machine refuses more.
const WAITING_MAX: u32 = 1_024;

/// How long to wait after the machine refused to accept, for example because it is out of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection: the same for every call on it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionPeer(pub(crate) Option<ShownPeer>);

/// One connection after its handshake.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Gathering<TlsStream<TcpStream>>,
    peer: ConnectionPeer,
    _place: OwnedSemaphorePermit,
}

/// Takes an address, at which nobody can connect yet.
pub(crate) fn bind(address: SocketAddr) -> Result<(TcpSocket, SocketAddr), StartError> {
    let refuse = |source| StartError::Listen { address, source };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(refuse)?;
    // One that ended a moment ago may still have connections that are being closed.
    socket.set_reuseaddr(true).map_err(refuse)?;
    socket.bind(address).map_err(refuse)?;
    let address = socket.local_addr().map_err(refuse)?;
    Ok((socket, address))
}

/// Accepts connections from when the service is ready until it drains. Before and after, the machine refuses them: whoever calls
/// goes elsewhere at once, and nothing is asked of a service that does not know yet whose credentials are good.
pub(crate) fn accept(
    socket: TcpSocket,
    connections_max: usize,
    foundation: &Foundation,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(64);
    let Foundation { tasks, readiness, tls, .. } = foundation.clone();
    let (draining, handshakes) = (tasks.draining(), tasks.clone());
    let listening = readiness.wait_for("its port");
    tasks.spawn("accept", async move {
        let accept = async {
            listening.is_the_last().await;
            match socket.listen(WAITING_MAX) {
                Ok(listener) => {
                    listening.set();
                    accept_all(listener, tls, connections_max, &handshakes, sender).await;
                }
                // It never gets ready, and says what for.
                Err(error) => tracing::error!(%error, "the address cannot be listened on: is something else there?"),
            }
        };
        tokio::select! {
            () = accept => {}
            () = draining.cancelled() => {}
        }
    });
    ReceiverStream::new(receiver)
}

async fn accept_all(
    listener: TcpListener,
    tls: Tls,
    connections_max: usize,
    handshakes: &Tasks,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let places = Arc::new(Semaphore::new(connections_max));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let (tls, sender) = (tls.clone(), sender.clone());
        handshakes.spawn("handshake", async move {
            if let Some(connection) = shake_hands(stream, &tls, place).await {
                // The server is gone only if the service ends: then so may the connection.
                let _ = sender.send(Ok(connection)).await;
            }
        });
    }
}

async fn shake_hands(stream: TcpStream, tls: &Tls, place: OwnedSemaphorePermit) -> Option<Connection> {
    stream.set_nodelay(true).ok()?;
    let acceptor = TlsAcceptor::from(tls.server());
    let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            return None;
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            return None;
        }
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = certificate.and_then(|certificate| tls.peer_name(certificate)).and_then(|name| named(&name));
    Some(Connection { stream: Gathering::new(stream), peer: ConnectionPeer(peer), _place: place })
}

/// Who has this name. Whose tenant cannot be one is nobody.
fn named(name: &str) -> Option<ShownPeer> {
    let (peer, tenant) = peer::find(name)?;
    let bound_to = tenant.map(str::parse::<TenantId>).transpose().ok()?;
    let is_somebody = bound_to.as_ref().is_none_or(|tenant| !tenant.is_system());
    is_somebody.then_some(ShownPeer { peer, bound_to })
}

impl Connected for Connection {
    type ConnectInfo = ConnectionPeer;

    fn connect_info(&self) -> ConnectionPeer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_a_tenant_binds_to_one() {
        let bound = |name| named(name).map(|shown| shown.bound_to.map(|tenant| tenant.to_string()));
        assert_eq!(bound("envoy/acme"), Some(Some("acme".to_owned())));
        assert_eq!(bound("gateway"), Some(None));
        for nobody in ["envoy", "envoy/", "envoy/system", "envoy/No Tenant", "envoy/acme/x", "envoy/acme/", "gate/acme"]
        {
            assert_eq!(bound(nobody), None, "{nobody}");
        }
    }
}
