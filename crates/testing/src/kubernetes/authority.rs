//! The node's certificates: who its components are to each other, and who we are to them.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use serde_json::json;
use time::Duration;

use crate::error::Result;
use crate::{place, surroundings};

/// The node lives for as long as stories run.
const VALIDITY: Duration = Duration::days(365);

/// The names and addresses of the API server: its own, and those of the service that pods reach it by.
const API_SERVER: &[&str] = &[
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    "10.96.0.1",
    "172.31.255.1",
];

/// Those who call the API server: the file of each, its common name and its group.
const CALLERS: &[(&str, &str, &str)] = &[
    ("admin", "admin", "system:masters"),
    ("controllers", "system:kube-controller-manager", ""),
    ("scheduler", "system:kube-scheduler", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kubelet", "system:node:node", "system:nodes"),
];

/// A certificate authority in a folder.
struct Authority<'a> {
    folder: &'a Path,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
struct Issued {
    certificate: String,
    key: String,
}

/// Writes all certificates into `folder`, and a configuration of each caller into `configurations`.
pub(super) fn write(folder: &Path, configurations: &Path) -> Result<()> {
    place::create_private_folder(folder)?;
    place::create_private_folder(configurations)?;
    let authority = Authority::create(folder, "ca")?;
    authority.issue("apiserver", "kube-apiserver", "", API_SERVER)?;
    authority.issue("kubelet-client", "apiserver", "system:masters", &[])?;
    let front = Authority::create(folder, "front-ca")?;
    front.issue("front-proxy", "front-proxy", "", &[])?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    place::write_private(&folder.join("service-accounts-key.pem"), key.serialize_pem().as_bytes())?;
    place::write_private(&folder.join("service-accounts.pem"), key.public_key_pem().as_bytes())?;
    for (name, common_name, group) in CALLERS {
        // The kubelet's is what it serves with, too.
        let hosts: &[&str] = if *name == "kubelet" { &["node", "172.31.255.1"] } else { &[] };
        let issued = authority.issue(name, common_name, group, hosts)?;
        let configuration = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "node", "cluster": {
                "server": "https://127.0.0.1:6443",
                "certificate-authority-data": base64(&authority.certificate),
            }}],
            "users": [{ "name": name, "user": {
                "client-certificate-data": base64(&issued.certificate),
                "client-key-data": base64(&issued.key),
            }}],
            "contexts": [{ "name": "node", "context": { "cluster": "node", "user": name } }],
            "current-context": "node",
        });
        place::write_private(&configurations.join(format!("{name}.json")), configuration.to_string().as_bytes())?;
    }
    Ok(())
}

impl<'a> Authority<'a> {
    fn create(folder: &'a Path, name: &str) -> Result<Self> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = parameters(name, "", &[])?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = parameters.self_signed(&pair)?.pem();
        write_pair(folder, name, &Issued { certificate: certificate.clone(), key: pair.serialize_pem() })?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, pair)?;
        Ok(Self { folder, certificate, issuer })
    }

    fn issue(&self, name: &str, common_name: &str, group: &str, hosts: &[&str]) -> Result<Issued> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = parameters(common_name, group, hosts)?;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&pair, &self.issuer)?.pem();
        let issued = Issued { certificate, key: pair.serialize_pem() };
        write_pair(self.folder, name, &issued)?;
        Ok(issued)
    }
}

fn parameters(common_name: &str, group: &str, hosts: &[&str]) -> Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if !group.is_empty() {
        name.push(DnType::OrganizationName, group);
    }
    parameters.distinguished_name = name;
    for host in hosts {
        parameters.subject_alt_names.push(match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*host).try_into()?),
        });
    }
    parameters.not_before = surroundings::now() - Duration::minutes(5);
    parameters.not_after = surroundings::now() + VALIDITY;
    Ok(parameters)
}

fn write_pair(folder: &Path, name: &str, issued: &Issued) -> Result<()> {
    let file = |suffix: &str| -> PathBuf { folder.join(format!("{name}{suffix}.pem")) };
    place::write_private(&file(""), issued.certificate.as_bytes())?;
    place::write_private(&file("-key"), issued.key.as_bytes())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
