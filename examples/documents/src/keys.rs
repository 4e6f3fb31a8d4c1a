//! The keys that gate signs with, from identity's feed.
//!
//! The feed is followed rather than asked: a new key is known before anything is signed with it, and no call waits for
//! identity. If identity is away, calls go on with the keys that are known, and the feed is joined again where it was left.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use assertion::KeyUse;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{self as identity, FollowRequest, event};
use time::OffsetDateTime;
use tonic::Status;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::Keys;

/// The name in identity's certificate.
const SERVER_NAME: &str = "identity";

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Identity sends a heartbeat each second: one that is silent for this long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// The first pause before another attempt. Each failure doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Identity's feed.
pub struct Feed {
    /// One for each of identity's replicas. The first one is followed until it fails, then the next.
    addresses: VecDeque<String>,
    certificates: Certificates,
    keys: Keys,
    epoch: String,
    number: u64,
}

/// The files that identity knows this service by, all PEM. They are read at each connection, so that new ones need no restart.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// This service's own certificate, which identity's peer table must name.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of which one has signed identity's.
    pub ca: PathBuf,
}

/// A feed that cannot even be asked for.
#[derive(Debug, thiserror::Error)]
#[error("identity's address or the certificates cannot be used: {0}")]
pub struct FeedUnusable(Box<dyn std::error::Error + Send + Sync>);

impl Feed {
    /// The feed at identity's addresses, one for each of its replicas, for example `https://127.0.0.1:8451`.
    ///
    /// # Errors
    /// If an address is not a URL, or a certificate cannot be read or is not one.
    pub fn new(addresses: Vec<String>, certificates: Certificates, keys: Keys) -> Result<Self, FeedUnusable> {
        for address in &addresses {
            certificates.endpoint(address)?;
        }
        Ok(Self { addresses: addresses.into(), certificates, keys, epoch: String::new(), number: 0 })
    }

    /// Follows for ever, and takes in every key that comes.
    pub async fn follow(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let before = self.number;
            if let Err(status) = self.follow_once().await {
                tracing::warn!(code = ?status.code(), problem = status.message(), "identity's feed is interrupted");
            }
            self.addresses.rotate_left(1.min(self.addresses.len()));
            pause = if self.number > before { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn follow_once(&mut self) -> Result<(), Status> {
        let silent = |_| Status::unavailable("no heartbeat for 5 seconds");
        let address = self.addresses.front().ok_or_else(|| Status::unavailable("identity has no address"))?;
        let endpoint = self.certificates.endpoint(address);
        let endpoint = endpoint.map_err(|unusable| Status::unavailable(unusable.to_string()))?;
        let mut client = PeerServiceClient::new(endpoint.connect_lazy());
        let request = FollowRequest { epoch: self.epoch.clone(), after: self.number };
        let mut feed = tokio::time::timeout(SILENCE_MAX, client.follow(request)).await.map_err(silent)??.into_inner();
        while let Some(message) = tokio::time::timeout(SILENCE_MAX, feed.message()).await.map_err(silent)?? {
            // A heartbeat has no event, and moves nothing.
            let Some(event) = message.event else { continue };
            if let Some(event::Event::KeyPublished(key)) = event.event {
                self.take(&key);
            }
            // Another epoch means that identity's database was restored: the feed then begins again by itself.
            (self.epoch, self.number) = (message.epoch, message.number);
        }
        Ok(())
    }

    fn take(&self, key: &identity::VerificationKey) {
        // Keys for access tokens are of no use here: this service takes assertions only.
        if key.r#use() != identity::KeyUse::Assertion {
            return;
        }
        let end = key.not_after.as_ref().and_then(|end| OffsetDateTime::from_unix_timestamp(end.seconds).ok());
        let Some(not_after) = end else {
            tracing::error!(key_id = key.key_id, "a key without an end is ignored");
            return;
        };
        match self.keys.set.publish(&key.key_id, KeyUse::Assertion, &key.jwk, not_after) {
            Ok(()) => {
                tracing::info!(key_id = key.key_id, "a key came");
                self.keys.came();
            }
            Err(error) => tracing::error!(key_id = key.key_id, %error, "a key that cannot be used is ignored"),
        }
    }
}

impl Certificates {
    fn endpoint(&self, address: &str) -> Result<Endpoint, FeedUnusable> {
        let read = |file: &PathBuf| {
            std::fs::read(file).map_err(|error| FeedUnusable(format!("{}: {error}", file.display()).into()))
        };
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(&self.ca)?))
            .identity(Identity::from_pem(read(&self.certificate)?, read(&self.key)?))
            .domain_name(SERVER_NAME);
        let endpoint = Endpoint::from_shared(address.to_owned()).and_then(|endpoint| endpoint.tls_config(tls));
        Ok(endpoint.map_err(|error| FeedUnusable(error.into()))?.connect_timeout(CONNECT))
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").field("epoch", &self.epoch).field("number", &self.number).finish_non_exhaustive()
    }
}
