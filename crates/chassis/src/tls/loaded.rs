//! One reading of the files of certificate, key and authorities, and what handshakes are made with by it.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::spiffe_id;
use crate::config::TlsConfig;
use crate::secret::{Secret, SecretError};

/// What both ends of a connection speak.
const ALPN: &[u8] = b"h2";

/// The content of the files at one moment.
pub(super) struct Files {
    certificate: Secret,
    key: Secret,
    ca: Secret,
}

/// What is made of them.
pub(super) struct Loaded {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
    /// Trust domain and path of our SPIFFE id.
    pub(super) id: Option<String>,
    /// Until when our certificate can be believed: it and all that it leads over.
    pub(super) own: Term,
    /// Until when any of the authorities is good that we believe.
    pub(super) authorities: Term,
    pub(super) digest: [u8; 32],
}

/// From when until when something is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) begins: OffsetDateTime,
    pub(super) ends: OffsetDateTime,
}

impl Files {
    pub(super) fn read(config: &TlsConfig) -> Result<Self, SecretError> {
        let certificate = Secret::read(&config.certificate_file)?;
        Ok(Self { certificate, key: Secret::read(&config.key_file)?, ca: Secret::read(&config.ca_file)? })
    }

    /// The same for the same content.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for file in [&self.certificate, &self.key, &self.ca] {
            hash.update((file.expose().len() as u64).to_be_bytes());
            hash.update(file.expose());
        }
        hash.finalize().into()
    }
}

impl Loaded {
    /// Makes it of the files.
    ///
    /// # Errors
    /// A sentence that begins with the key of the file that is wrong.
    pub(super) fn of(files: &Files) -> Result<Self, String> {
        let refuse = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        let chain = certificates("certificate_file", &files.certificate)?;
        let authorities = certificates("ca_file", &files.ca)?;
        let key = PrivateKeyDer::from_pem_slice(files.key.expose()).map_err(|error| refuse("key_file", &error))?;
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots.add(authority.clone()).map_err(|error| refuse("ca_file", &error))?;
        }
        let (roots, provider) = (Arc::new(roots), Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

        // A caller without a certificate may still show a token: the layers decide, RPC by RPC.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| refuse("ca_file", &error))?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse("certificate_file", &error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(|error| refuse("key_file", &error))?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse("certificate_file", &error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain.clone(), key)
            .map_err(|error| refuse("key_file", &error))?;
        client.alpn_protocols = vec![ALPN.to_vec()];

        Ok(Self {
            server: Arc::new(server),
            client: Arc::new(client),
            id: chain.first().and_then(spiffe_id),
            own: term_of_chain(&chain, &authorities)?,
            authorities: latest(terms("ca_file", &authorities)?).ok_or("ca_file: holds no certificate")?,
            digest: files.digest(),
        })
    }
}

fn certificates(what: &str, file: &Secret) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_slice_iter(file.expose()).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(|error| format!("{what}: {error}"))?;
    if read.is_empty() { Err(format!("{what}: holds no certificate in PEM")) } else { Ok(read) }
}

/// As long as everything from our certificate to an authority is good. Of several authorities of one name, as while one takes
/// the other's place, the one that is good longest counts.
fn term_of_chain(chain: &[CertificateDer<'_>], authorities: &[CertificateDer<'_>]) -> Result<Term, String> {
    let unusable = |error: &dyn std::fmt::Display| format!("certificate_file: {error}");
    let last = chain.last().ok_or("certificate_file: holds no certificate")?;
    let (_, last) = X509Certificate::from_der(last).map_err(|error| unusable(&error))?;
    let issuers = authorities.iter().filter_map(|authority| {
        let (_, authority) = X509Certificate::from_der(authority).ok()?;
        (authority.subject() == last.issuer()).then(|| term(&authority).ok()).flatten()
    });
    let mut terms = terms("certificate_file", chain)?;
    terms.extend(latest(issuers));
    let begins = terms.iter().map(|term| term.begins).max();
    let ends = terms.iter().map(|term| term.ends).min();
    begins.zip(ends).map(|(begins, ends)| Term { begins, ends }).ok_or("certificate_file: has no term".to_owned())
}

fn terms(what: &str, certificates: &[CertificateDer<'_>]) -> Result<Vec<Term>, String> {
    let read = |certificate: &CertificateDer<'_>| {
        let (_, certificate) =
            X509Certificate::from_der(certificate).map_err(|error| format!("{what}: is not X.509: {error}"))?;
        term(&certificate).map_err(|error| format!("{what}: {error}"))
    };
    certificates.iter().map(read).collect()
}

fn term(certificate: &X509Certificate<'_>) -> Result<Term, time::error::ComponentRange> {
    let validity = certificate.validity();
    let begins = OffsetDateTime::from_unix_timestamp(validity.not_before.timestamp())?;
    Ok(Term { begins, ends: OffsetDateTime::from_unix_timestamp(validity.not_after.timestamp())? })
}

fn latest(terms: impl IntoIterator<Item = Term>) -> Option<Term> {
    terms.into_iter().max_by_key(|term| term.ends)
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Loaded").field("id", &self.id).field("own", &self.own).finish_non_exhaustive()
    }
}
