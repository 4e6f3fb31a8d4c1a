//! One service in a test: its own database, its own port with TLS, a clock that stands still, and callers of every kind.

mod callers;
mod identity;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chassis::clock::ManualClock;
use chassis::config::{Addresses, Config, DatabaseConfig, PeerConfig, ServerConfig, TelemetryConfig, TlsConfig};
use chassis::signing::SigningKey;
use chassis::{Running, Service, Surroundings, Traces};
use tempfile::TempDir;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::certificates::Authority;
use crate::http;
use crate::{TestDatabase, database_for_test, place, secrets, surroundings};

pub use callers::{Credentials, unknown_key};
pub use identity::FakeIdentity;

/// The trust domain of every certificate in tests.
pub const TRUST_DOMAIN: &str = crate::certificates::TRUST_DOMAIN;

/// Files that a service's configuration names.
#[derive(Debug)]
pub struct Files {
    folder: TempDir,
    made: std::cell::Cell<u32>,
}

/// A service that runs for one test.
#[derive(Debug)]
pub struct Harness {
    running: Option<Running>,
    database: TestDatabase,
    authority: Arc<Authority>,
    identity: FakeIdentity,
    clock: ManualClock,
    traces: Traces,
    files: Files,
}

/// Starts the service with its own section of the configuration. Identity is played by [`FakeIdentity`].
///
/// # Panics
/// If it does not start, or is not ready within 20 seconds: then the test has failed.
pub async fn start<S: Service>(section: impl FnOnce(&Files) -> S::Config) -> Harness {
    start_with::<S>(section, |_| {}).await
}

/// As [`start`], with a last word about the rest of the configuration.
///
/// # Panics
/// As [`start`].
pub async fn start_with<S: Service>(
    section: impl FnOnce(&Files) -> S::Config,
    adjust: impl FnOnce(&mut Config<S::Config>),
) -> Harness {
    let database = database_for_test(S::NAME, &[&chassis::database::MIGRATOR, S::migrator()]).await;
    let files = Files::new();
    let authority =
        Arc::new(Authority::keep(&files.folder.path().join("authority")).expect("the test has certificates"));
    let clock = ManualClock::at(surroundings::now());
    let identity = FakeIdentity::start(&authority, &files, clock.clone()).await;
    let mut config = config(S::NAME, section(&files), &database, &authority, &identity);
    adjust(&mut config);
    let mut harness = Harness { running: None, database, authority, identity, clock, traces: Traces::default(), files };
    harness.run::<S>(config).await;
    harness
}

fn config<C>(
    name: &str,
    service: C,
    database: &TestDatabase,
    authority: &Authority,
    identity: &FakeIdentity,
) -> Config<C> {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let leaf = authority.keep_peer(name).expect("the test has certificates");
    Config {
        server: ServerConfig {
            listen: any,
            admin_listen: any,
            drain_delay_ms: 0,
            drain_seconds_max: 5,
            calls_max: 256,
            connections_max: 256,
            connection_age_seconds_max: 300,
            outbox_max: 10_000,
        },
        tls: TlsConfig {
            certificate_file: leaf.certificate,
            key_file: leaf.key,
            ca_file: authority.certificate_file(),
            trust_domain: TRUST_DOMAIN.to_owned(),
        },
        database: DatabaseConfig {
            url: database.url.clone(),
            password_file: Some(database.password_file.clone()),
            connections_max: 8,
            acquire_ms_max: 5_000,
        },
        telemetry: TelemetryConfig::default(),
        peers: BTreeMap::from([("identity".to_owned(), PeerConfig { address: Addresses::One(identity.address()) })]),
        service,
    }
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("the machine has room for a folder"), made: std::cell::Cell::new(0) }
    }

    fn next(&self) -> PathBuf {
        self.made.set(self.made.get() + 1);
        self.folder.path().join(format!("file-{}", self.made.get()))
    }

    /// A file with 32 random bytes in hexadecimal.
    pub fn secret_hex(&self) -> PathBuf {
        let path = self.next();
        secrets::keep_random(&path).expect("the folder takes a file");
        path
    }

    /// A file with a P-256 private key.
    pub fn p256_pem(&self) -> PathBuf {
        let path = self.next();
        secrets::keep_signing_key(&path).expect("the folder takes a file");
        path
    }

    /// A file with this text.
    pub fn text(&self, text: &str) -> PathBuf {
        let path = self.next();
        place::write_private(&path, text.as_bytes()).expect("the folder takes a file");
        path
    }
}

impl Harness {
    async fn run<S: Service>(&mut self, config: Config<S::Config>) {
        let traces = Traces::begin(S::NAME, config.server.listen, &config.tls, &config.telemetry);
        let traces = traces.expect("the test says where spans go, or nowhere");
        self.traces = traces.clone();
        let surroundings = Surroundings { clock: Arc::new(self.clock.clone()), traces, ..Surroundings::default() };
        let running = chassis::start::<S>(config, surroundings).await.expect("the service starts");
        let mut ready = running.foundation.readiness.watch();
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), ready.wait_for(|ready| *ready)).await;
        assert!(waited.is_ok(), "{} still waits for {:?}", S::NAME, running.foundation.readiness.waiting());
        self.running = Some(running);
        if S::NAME == "identity" {
            self.publish_test_keys_to_identity().await;
        }
    }

    /// Identity has no other identity to learn the test's keys from: they are given to its key set itself.
    async fn publish_test_keys_to_identity(&self) {
        let keys = &self.running().foundation.learnt.keys;
        let not_after = surroundings::now() + time::Duration::days(300);
        for (use_, key) in
            [(assertion::KeyUse::Assertion, self.assertion_key()), (assertion::KeyUse::AccessToken, self.token_key())]
        {
            keys.publish(key.key_id(), use_, key.jwk(), not_after).expect("the test's own keys are good");
        }
    }

    /// The running service.
    ///
    /// # Panics
    /// If it was stopped.
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("the service runs until the test stops it")
    }

    /// Who makes the service's spans, if the configuration says where they go.
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// The clock that the service goes by.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The database of the service.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The pool of the service itself, to look into its tables.
    pub fn pool(&self) -> &sqlx::PgPool {
        self.running().foundation.database.pool()
    }

    /// The identity that the service follows and calls.
    pub fn identity(&self) -> &FakeIdentity {
        &self.identity
    }

    /// The certificates of this test's mesh.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The key that this test's gate signs with.
    pub fn assertion_key(&self) -> &SigningKey {
        self.identity.assertion_key()
    }

    /// The key that this test's identity signs access tokens with.
    pub fn token_key(&self) -> &SigningKey {
        self.identity.token_key()
    }

    /// A connection to the service without a certificate.
    pub fn channel(&self) -> Channel {
        self.connect(None)
    }

    /// A connection to the service with this peer's certificate.
    pub fn channel_as_peer(&self, peer: &str) -> Channel {
        self.connect(Some(peer))
    }

    fn connect(&self, peer: Option<&str>) -> Channel {
        channel(&self.authority, &format!("https://{}", self.running().address), peer)
    }

    /// What the service tells of itself, in the Prometheus text format.
    ///
    /// # Panics
    /// If it does not.
    pub async fn metrics(&self) -> String {
        http::get(self.running().admin_address, "/metrics").await.expect("the service's metrics can be read")
    }

    /// The files of this test's configurations.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Ends the service and starts it anew on the same database, with another section of its own.
    ///
    /// # Panics
    /// As [`start`].
    pub async fn restart<S: Service>(&mut self, section: S::Config) {
        self.stop().await;
        let config = config(S::NAME, section, &self.database, &self.authority, &self.identity);
        self.run::<S>(config).await;
    }

    /// Drains the service and ends it.
    ///
    /// # Panics
    /// If it was stopped before.
    pub async fn stop(&mut self) {
        self.running.take().expect("the service runs until the test stops it").stop().await;
    }
}

/// A lazy connection within the test's mesh, with or without a peer's certificate.
///
/// # Panics
/// If the address is none.
pub fn channel(authority: &Authority, address: &str, peer: Option<&str>) -> Channel {
    connect(authority, peer.map(|peer| (authority, peer)), address)
}

/// A lazy connection to a server whose certificate one authority vouches for, with a peer's certificate of another.
///
/// # Panics
/// If the address is none.
pub fn channel_of(believed: &Authority, certified_by: &Authority, address: &str, peer: &str) -> Channel {
    connect(believed, Some((certified_by, peer)), address)
}

fn connect(believed: &Authority, shown: Option<(&Authority, &str)>, address: &str) -> Channel {
    let ca = place::read_text(&believed.certificate_file()).expect("the authority wrote its certificate");
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)).domain_name("localhost");
    if let Some((authority, peer)) = shown {
        let leaf = authority.keep_peer(peer).expect("the test has certificates");
        let certificate = place::read_text(&leaf.certificate).expect("the authority wrote the certificate");
        let key = place::read_text(&leaf.key).expect("the authority wrote the key");
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    Endpoint::from_shared(address.to_owned())
        .and_then(|endpoint| endpoint.tls_config(tls))
        .expect("the address is https://…")
        .connect_lazy()
}
