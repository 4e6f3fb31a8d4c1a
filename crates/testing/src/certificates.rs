//! A certificate authority for development, and certificates whose names are SPIFFE ids.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::error::{Doing, Error, Result};
use crate::{place, surroundings};

/// The trust domain of laptops and tests.
pub const TRUST_DOMAIN: &str = "bailiwick.local";

/// The host of the example upstream. Every machine takes names under `localhost` for itself.
pub const DOCUMENTS_HOST: &str = "documents.localhost";

/// How long certificates for a laptop are valid.
const VALIDITY: Duration = Duration::days(365);

/// How long before its end a laptop's certificate is made anew.
const RENEWED_BEFORE: Duration = Duration::days(30);

/// The files of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, in PEM.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8 in PEM.
    pub key: PathBuf,
}

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The path of its SPIFFE id, and a DNS name of it.
    pub name: String,
    /// The trust domain of its SPIFFE id.
    pub trust_domain: String,
    /// Further DNS names.
    pub hosts: Vec<String>,
    /// Not valid before.
    pub not_before: OffsetDateTime,
    /// Not valid after.
    pub not_after: OffsetDateTime,
}

impl Leaf {
    /// A peer of the plane, on this machine, for a year.
    pub fn peer(name: &str) -> Self {
        let now = surroundings::now();
        let mut hosts = vec!["localhost".to_owned()];
        if name == "gateway" {
            hosts.push(DOCUMENTS_HOST.to_owned());
        }
        Self {
            name: name.to_owned(),
            trust_domain: TRUST_DOMAIN.to_owned(),
            hosts,
            not_before: now - Duration::minutes(5),
            not_after: now + VALIDITY,
        }
    }
}

/// A certificate authority whose key and certificate lie in a folder.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority in the folder; made if there is none, or if its time is nearly over.
    ///
    /// # Errors
    /// If its files cannot be read or written.
    pub fn keep(folder: &Path) -> Result<Self> {
        place::create_private_folder(folder)?;
        let (certificate, key) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        if !is_fresh(&certificate) || !key.exists() {
            let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let authority = authority_parameters()?.self_signed(&pair)?;
            place::write_private(&key, pair.serialize_pem().as_bytes())?;
            place::write_private(&certificate, authority.pem().as_bytes())?;
        }
        let pair = KeyPair::from_pem(&place::read_text(&key)?)?;
        let issuer = Issuer::from_ca_cert_pem(&place::read_text(&certificate)?, pair)?;
        Ok(Self { folder: folder.to_owned(), issuer })
    }

    /// The authority's own certificate, in PEM.
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The certificate of the peer, made if there is none, if its time is nearly over or if the authority is newer.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn keep_peer(&self, name: &str) -> Result<CertificateFiles> {
        let files = self.files(name);
        if is_fresh(&files.certificate) && files.key.exists() && !is_newer(&self.certificate_file(), &files.certificate)
        {
            return Ok(files);
        }
        self.issue(&Leaf::peer(name))
    }

    /// A new certificate, in place of one of the same name.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn issue(&self, leaf: &Leaf) -> Result<CertificateFiles> {
        let files = self.files(&leaf.name);
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = leaf_parameters(leaf)?.signed_by(&pair, &self.issuer)?;
        place::write_private(&files.key, pair.serialize_pem().as_bytes())?;
        place::write_private(&files.certificate, certificate.pem().as_bytes())?;
        Ok(files)
    }

    fn files(&self, name: &str) -> CertificateFiles {
        let name = file_name(name);
        CertificateFiles {
            certificate: self.folder.join(format!("{name}.pem")),
            key: self.folder.join(format!("{name}-key.pem")),
        }
    }
}

/// `envoy/acme` lies beside `gateway`, not below it.
pub(crate) fn file_name(peer: &str) -> String {
    peer.replace('/', "-")
}

fn authority_parameters() -> Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.distinguished_name = distinguished_name("Bailiwick development");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.not_before = surroundings::now() - Duration::minutes(5);
    parameters.not_after = surroundings::now() + VALIDITY;
    Ok(parameters)
}

fn leaf_parameters(leaf: &Leaf) -> Result<CertificateParams> {
    let mut hosts = leaf.hosts.clone();
    // A path of several steps names no host.
    hosts.extend((!leaf.name.contains('/')).then(|| leaf.name.clone()));
    let mut parameters = CertificateParams::new(hosts)?;
    let spiffe_id = format!("spiffe://{}/{}", leaf.trust_domain, leaf.name);
    let spiffe_id = spiffe_id.as_str().try_into().map_err(|_| Error::new(format!("{spiffe_id} is not ASCII")))?;
    parameters.subject_alt_names.push(SanType::URI(spiffe_id));
    parameters.subject_alt_names.extend(
        ["127.0.0.1", "::1"].map(|address| SanType::IpAddress(address.parse::<IpAddr>().expect("these are addresses"))),
    );
    parameters.distinguished_name = distinguished_name(&leaf.name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters.not_before = leaf.not_before;
    parameters.not_after = leaf.not_after;
    Ok(parameters)
}

fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Whether the certificate is there and has some time to go. Its own dates are not looked at: the file is as old as it is.
fn is_fresh(path: &Path) -> bool {
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified()).map(OffsetDateTime::from);
    written.is_ok_and(|written| surroundings::now() - written < VALIDITY - RENEWED_BEFORE)
}

fn is_newer(path: &Path, other: &Path) -> bool {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    modified(path) > modified(other)
}

/// Reads the certificate of an authority, in PEM.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).doing(|| format!("read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn certificates_are_kept_until_the_authority_changes() {
        let folder = tempfile::tempdir().unwrap();
        let read = |files: &CertificateFiles| std::fs::read(&files.certificate).unwrap();
        let authority = Authority::keep(folder.path()).unwrap();
        let first = read(&authority.keep_peer("identity").unwrap());
        assert_eq!(read(&Authority::keep(folder.path()).unwrap().keep_peer("identity").unwrap()), first);

        std::thread::sleep(std::time::Duration::from_millis(10));
        std::fs::remove_file(folder.path().join("ca.pem")).unwrap();
        let authority = Authority::keep(folder.path()).unwrap();
        let files = authority.keep_peer("identity").unwrap();
        assert_ne!(read(&files), first);
        assert_eq!(std::fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
