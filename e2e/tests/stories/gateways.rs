//! Further gateways, with other limits than the cluster's: alone, or before an upstream of the test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use e2e::World;
use http::Version;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use testing::certificates::Authority;
use testing::envoy::{self, Limits, Settings};
use testing::http::{Connection, get};
use testing::{Ports, parts};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One of them. It stops with this value.
#[derive(Debug)]
pub(super) struct Gateway {
    child: Child,
    authority: PathBuf,
    ports: Ports,
    _folder: tempfile::TempDir,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Gateway {
    /// With nothing behind it: what it answers without gate's help, nobody was asked about.
    pub(super) async fn alone(limits: Limits) -> Self {
        Self::alone_with(|settings| settings.limits = limits).await
    }

    /// As [`Self::alone`], with other settings than a laptop's.
    pub(super) async fn alone_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::keep(folder.path()).unwrap();
        let certificate = authority.keep_peer("gateway").unwrap();
        let ports = Ports::free(1).unwrap();
        let mut settings = Settings::local(folder.path(), &ports, &certificate, &authority.certificate_file()).unwrap();
        change(&mut settings);
        Self::start(folder, ports, settings).await
    }

    /// Before an upstream at this port of the machine; it asks the world's gate.
    pub(super) async fn before(world: &World, upstream: u16, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports::free(1).unwrap();
        let theirs = world.cluster.lock().await.config().ports.clone();
        let (certificate, authority) = (world.files().certificate("gateway"), world.files().authority());
        let mut settings = Settings::local(folder.path(), &theirs, &certificate, &authority).unwrap();
        settings.listen.set_port(ports.gateway);
        settings.admin_listen.set_port(ports.gateway_admin);
        settings.upstreams[0].addresses = vec![format!("127.0.0.1:{upstream}")];
        Self::start(folder, ports, Settings { limits, ..settings }).await
    }

    async fn start(folder: tempfile::TempDir, ports: Ports, settings: Settings) -> Self {
        let path = folder.path().join("envoy.yaml");
        settings.write(&path).unwrap();
        let program = parts::envoy(&mut |line| eprintln!("{line}")).unwrap();
        let child = envoy::command(&program, &path).stderr(Stdio::null()).spawn().unwrap();
        let gateway = Self { child, authority: settings.ca_file, ports, _folder: folder };
        for _ in 0..200 {
            // Not at the port itself: a connection would count.
            if gateway.ask_envoy("/ready").await.starts_with("LIVE") {
                return gateway;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Envoy is not ready");
    }

    async fn ask_envoy(&self, path: &str) -> String {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.gateway_admin));
        get(address, path).await.unwrap_or_default()
    }

    /// One of Envoy's own counters.
    pub(super) async fn counted(&self, name: &str) -> u64 {
        let text = self.ask_envoy(&format!("/stats?filter=^{name}$")).await;
        text.trim().rsplit_once(": ").and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    }

    /// A connection, by the name of this host.
    pub(super) async fn connect(&self, host: &str) -> Connection {
        Connection::open(host, self.ports.gateway, Version::HTTP_11, &self.authority).await.unwrap()
    }

    /// A bare connection from this address of the machine.
    pub(super) async fn tcp(&self, from: Ipv4Addr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect((Ipv4Addr::LOCALHOST, self.ports.gateway).into()).await
    }

    /// As [`Self::tcp`], after TLS.
    pub(super) async fn tls(&self, from: Ipv4Addr, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(&self.authority).unwrap();
        roots.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, self.tcp(from).await?).await
    }
}
