//! `bailiwick certificate`: what processes of the plane show each other, where nothing else makes it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SanType,
};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::answer::{Answer, Human};
use crate::failure::Failure;
use crate::profiles::write_private;
use crate::text_file;

/// How far the clocks of two machines may be apart.
const CLOCKS_APART: Duration = Duration::minutes(5);

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a key and a certificate of an authority for it: tls.key, tls.crt, and the authority's own as ca.crt.
    Issue(IssueArguments),
    /// Makes the private key that a gate signs assertions with: ES256, PKCS #8 in PEM.
    SigningKey {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// What the certificate says, and who says it.
#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    /// Whose it is: `gateway`, the name of a service, or `envoy/TENANT`.
    #[arg(long)]
    name: String,
    /// The domain of the name: spiffe://TRUST_DOMAIN/NAME.
    #[arg(long)]
    trust_domain: String,
    /// A host that it serves as well.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// The certificate of the authority, in PEM.
    #[arg(long, value_name = "FILE")]
    authority_certificate: PathBuf,
    /// The private key of the authority, in PEM.
    #[arg(long, value_name = "FILE")]
    authority_key: PathBuf,
    /// How long it is good for.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: u16,
    /// The folder to write to, which must be there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

pub(crate) fn run(command: &Command, now: OffsetDateTime) -> Result<Answer, Failure> {
    match command {
        Command::Issue(arguments) => issue(arguments, now),
        Command::SigningKey { out } => {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| impossible(&error))?;
            write(out, &key.serialize_pem())?;
            let said = format!("{}\n", out.display());
            Ok(Answer::new(&json!({ "signing_key_file": out.display().to_string() }), Human::Text(said)))
        }
    }
}

fn issue(arguments: &IssueArguments, now: OffsetDateTime) -> Result<Answer, Failure> {
    let authority = text_file::read(&arguments.authority_certificate)?;
    let unusable = |file: &Path, error: rcgen::Error| {
        Failure::wrong_use(format!("{} is not an authority's: {error}", text_file::shown(file)))
    };
    let authority_key = KeyPair::from_pem(&text_file::read(&arguments.authority_key)?)
        .map_err(|error| unusable(&arguments.authority_key, error))?;
    let issuer = Issuer::from_ca_cert_pem(&authority, authority_key)
        .map_err(|error| unusable(&arguments.authority_certificate, error))?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| impossible(&error))?;
    let certificate = parameters(arguments, now)?.signed_by(&key, &issuer).map_err(|error| impossible(&error))?;
    write(&arguments.out.join("tls.key"), &key.serialize_pem())?;
    write(&arguments.out.join("tls.crt"), &certificate.pem())?;
    write(&arguments.out.join("ca.crt"), &authority)?;
    let (id, folder) = (spiffe_id(arguments), arguments.out.display());
    let answer = json!({ "spiffe_id": id, "folder": folder.to_string(), "days": arguments.days });
    Ok(Answer::new(&answer, Human::Text(format!("{id}: {folder}\n"))))
}

fn spiffe_id(arguments: &IssueArguments) -> String {
    format!("spiffe://{}/{}", arguments.trust_domain, arguments.name)
}

fn parameters(arguments: &IssueArguments, now: OffsetDateTime) -> Result<CertificateParams, Failure> {
    let wrong = |what: &str| Failure::wrong_use(format!("{what} cannot stand in a certificate"));
    let mut hosts = arguments.hosts.clone();
    // Services look for each other by their names, wherever they are; a path of several steps is no name of a host.
    hosts.extend((!arguments.name.contains('/')).then(|| arguments.name.clone()));
    let mut parameters = CertificateParams::new(hosts).map_err(|_| wrong("a host"))?;
    let id = spiffe_id(arguments);
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/-._".contains(&byte));
    let uri = id.as_str().try_into().ok().filter(|_| is_id).ok_or_else(|| wrong(&id))?;
    parameters.subject_alt_names.push(SanType::URI(uri));
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, &arguments.name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters.not_before = now - CLOCKS_APART;
    parameters.not_after = now + Duration::days(arguments.days.into());
    Ok(parameters)
}

fn impossible(error: &rcgen::Error) -> Failure {
    Failure::wrong_use(format!("it cannot be made: {error}"))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    write_private(file, text)
        .map_err(|error| Failure::wrong_use(format!("{} cannot be written: {error}", file.display())))
}
