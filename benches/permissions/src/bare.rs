//! A service that answers nothing, by tonic alone: on the runtime that all threads share, and with one runtime a core.

use std::net::SocketAddr;
use std::thread;

use bench_machine::Void;
use contract::permissions::v1::permission_service_server::PermissionServiceServer;
use testing::harness::Harness;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::server::{Router, TcpIncoming};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::empty::Nothing;

/// A server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Bare {
    pub(crate) address: SocketAddr,
    _serving: JoinSet<Result<(), Void>>,
}

impl Bare {
    /// On the runtime that calls this, with the certificates of a service.
    pub(crate) async fn among(beside: &Harness) -> Result<Self, Void> {
        let (router, (listener, address)) = (router(beside)?, listen().await?);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let mut serving = JoinSet::new();
        serving.spawn(async { router.serve_with_incoming(incoming).await.map_err(|error| error.to_string()) });
        Ok(Self { address, _serving: serving })
    }

    /// On as many runtimes as there are cores, each of one thread. Connections are handed to them in turn.
    pub(crate) async fn one_a_core(beside: &Harness) -> Result<Self, Void> {
        let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
        let mut runtimes = Vec::new();
        for _ in 0..cores.get() {
            let (router, (hand_on, handed)) = (router(beside)?, mpsc::unbounded_channel::<std::net::TcpStream>());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            thread::spawn(move || {
                // Registered with the runtime that reads it.
                let incoming = UnboundedReceiverStream::new(handed).map(TcpStream::from_std);
                runtime.block_on(router.serve_with_incoming(incoming))
            });
            runtimes.push(hand_on);
        }
        let (listener, address) = listen().await?;
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            for next in runtimes.iter().cycle() {
                let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                let stream = stream.into_std().map_err(|error| error.to_string())?;
                next.send(stream).map_err(|_| "a runtime has ended".to_owned())?;
            }
            Ok(())
        });
        Ok(Self { address, _serving: serving })
    }
}

async fn listen() -> Result<(TcpListener, SocketAddr), Void> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

fn router(beside: &Harness) -> Result<Router, Void> {
    let leaf = beside.authority().keep_peer("permissions").map_err(|error| error.to_string())?;
    let read = |path: &std::path::Path| std::fs::read(path).map_err(|error| error.to_string());
    let identity = Identity::from_pem(read(&leaf.certificate)?, read(&leaf.key)?);
    let ca = Certificate::from_pem(read(&beside.authority().certificate_file())?);
    let tls = ServerTlsConfig::new().identity(identity).client_ca_root(ca).client_auth_optional(true);
    let (_, health) = tonic_health::server::health_reporter();
    let mut server = Server::builder().tls_config(tls).map_err(|error| error.to_string())?;
    Ok(server.add_service(PermissionServiceServer::new(Nothing::ByTonic)).add_service(health))
}
