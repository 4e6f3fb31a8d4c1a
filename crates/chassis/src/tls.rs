//! The certificates of the mesh: our own, whose we believe, and the names in them.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::config::TlsConfig;
use crate::secret::Secret;
use crate::start::StartError;

/// What a service needs of TLS, as server and as client.
#[derive(Clone)]
pub(crate) struct Tls {
    server: Arc<ServerConfig>,
    client: ClientTlsConfig,
    trust_domain: Arc<str>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If one cannot be read, or is not PEM of its kind.
    pub(crate) fn load(config: &TlsConfig) -> Result<Self, StartError> {
        let certificate = Secret::read(&config.certificate_file)?;
        let key = Secret::read(&config.key_file)?;
        let ca = Secret::read(&config.ca_file)?;
        let refuse = |what: &str, error: &dyn std::fmt::Display| StartError::Credential(format!("tls.{what}: {error}"));

        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ca.expose()) {
            let root = root.map_err(|error| refuse("ca_file", &error))?;
            roots.add(root).map_err(|error| refuse("ca_file", &error))?;
        }
        let chain = CertificateDer::pem_slice_iter(certificate.expose())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse("certificate_file", &error))?;
        let private = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|error| refuse("key_file", &error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // A caller without a certificate may still show a token: the layers decide, RPC by RPC.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| refuse("ca_file", &error))?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse("certificate_file", &error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, private)
            .map_err(|error| refuse("key_file", &error))?;
        server.alpn_protocols = vec![b"h2".to_vec()];

        let client = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(ca.expose()))
            .identity(Identity::from_pem(certificate.expose(), key.expose()));
        Ok(Self { server: Arc::new(server), client, trust_domain: config.trust_domain.as_str().into() })
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    pub(crate) fn client(&self, server_name: &str) -> ClientTlsConfig {
        self.client.clone().domain_name(server_name)
    }

    /// The peer that a verified certificate names: the path of its one SPIFFE id, if it is of our trust domain.
    pub(crate) fn peer_name(&self, certificate: &CertificateDer<'_>) -> Option<String> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let mut ids = names
            .value
            .general_names
            .iter()
            .filter_map(|name| if let GeneralName::URI(uri) = name { uri.strip_prefix("spiffe://") } else { None });
        // The SPIFFE standard (X.509-SVID, 2) allows exactly one; more are ambiguous, and none is believed.
        let (id, None) = (ids.next()?, ids.next()) else { return None };
        let (domain, name) = id.split_once('/')?;
        (domain == &*self.trust_domain).then(|| name.to_owned())
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").field("trust_domain", &self.trust_domain).finish_non_exhaustive()
    }
}
