//! The certificates of the mesh: our own, whose we believe, and the names in them. They change while calls go on.
//!
//! Whoever makes or takes a connection asks here at that moment, so that a new certificate holds from the next connection on,
//! and those that are open end by their age alone. What one handshake goes by is taken as a whole: certificate, key and
//! authorities of one reading, and what earlier connections left for resumption goes with the old ones.

mod dial;
mod keep;
mod loaded;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ServerConfig};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::config::TlsConfig;
use crate::start::StartError;

pub(crate) use dial::Dial;
pub(crate) use keep::{CertificateMetrics, keep};
use loaded::{Files, Loaded};

/// What a service needs of TLS, as server and as client. Clones share what is in force.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<TlsConfig>,
    loaded: Arc<ArcSwap<Loaded>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If one cannot be read, or is not PEM of its kind.
    pub(crate) fn load(config: &TlsConfig) -> Result<Self, StartError> {
        let files = Files::read(config)?;
        let loaded = Loaded::of(&files).map_err(|error| StartError::Credential(format!("tls.{error}")))?;
        Ok(Self { config: Arc::new(config.clone()), loaded: Arc::new(ArcSwap::from_pointee(loaded)) })
    }

    /// How a connection is taken now.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.loaded.load().server)
    }

    /// How a connection is made now.
    fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.loaded.load().client)
    }

    /// The peer that a verified certificate names: the path of its one SPIFFE id, if it is of our trust domain.
    pub(crate) fn peer_name(&self, certificate: &CertificateDer<'_>) -> Option<String> {
        let id = spiffe_id(certificate)?;
        let (domain, name) = id.split_once('/')?;
        (domain == self.config.trust_domain).then(|| name.to_owned())
    }

    fn certificate_file(&self) -> &Path {
        &self.config.certificate_file
    }
}

/// Trust domain and path of the one SPIFFE id in a certificate.
fn spiffe_id(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut ids = names
        .value
        .general_names
        .iter()
        .filter_map(|name| if let GeneralName::URI(uri) = name { uri.strip_prefix("spiffe://") } else { None });
    // The SPIFFE standard (X.509-SVID, 2) allows exactly one; more are ambiguous, and none is believed.
    let (id, None) = (ids.next()?, ids.next()) else { return None };
    Some(id.to_owned())
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").field("trust_domain", &self.config.trust_domain).finish_non_exhaustive()
    }
}
