//! Keys and certificates of the plane's own processes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use crate::run::Machine;

fn authority(machine: &Machine) -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = parameters.self_signed(&key).unwrap();
    let certificate = machine.file("authority.pem", &certificate.pem());
    let key = machine.file("authority-key.pem", &key.serialize_pem());
    format!("--authority-certificate {certificate} --authority-key {key}")
}

#[tokio::test]
async fn a_certificate_names_its_peer_and_leads_to_the_authority() {
    let machine = Machine::new();
    let authority = authority(&machine);
    let out = machine.config().join("gate");
    let line = format!(
        "certificate issue --name gate --trust-domain example.org --host gate.example.org --days 7 {authority}"
    );
    let answer = machine.json(&format!("{line} --out {}", out.display())).await;
    assert_eq!(answer["spiffe_id"], "spiffe://example.org/gate");

    let read = |name: &str| fs::read(out.join(name)).unwrap();
    let (_, leaf) = parse_x509_pem(&read("tls.crt")).unwrap();
    let (_, issuer) = parse_x509_pem(&read("ca.crt")).unwrap();
    let (leaf, issuer) = (leaf.parse_x509().unwrap(), issuer.parse_x509().unwrap());
    leaf.verify_signature(Some(issuer.public_key())).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap().value.general_names.clone();
    assert!(names.contains(&GeneralName::URI("spiffe://example.org/gate")), "{names:?}");
    assert!(names.contains(&GeneralName::DNSName("gate")) && names.contains(&GeneralName::DNSName("gate.example.org")));
    let validity = leaf.validity();
    assert_eq!(validity.not_after.timestamp() - validity.not_before.timestamp(), 7 * 86_400 + 300);
    assert!(String::from_utf8(read("tls.key")).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(fs::metadata(out.join("tls.key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_authority_that_is_none_is_refused_by_its_file() {
    let machine = Machine::new();
    let authority = authority(&machine);
    machine.file("authority-key.pem", "no key");
    let line = format!("certificate issue --name gate --trust-domain example.org {authority} --out gate");
    let outcome = machine.run(&line).await;
    assert!(outcome.code == 2 && outcome.stderr.contains("authority-key.pem is not an authority's"), "{outcome:?}");
    assert!(!machine.config().join("gate").exists());
}

#[tokio::test]
async fn a_name_that_cannot_be_is_refused() {
    let machine = Machine::new();
    let authority = authority(&machine);
    let line = format!("certificate issue --name gate? --trust-domain example.org {authority} --out gate");
    let outcome = machine.run(&line).await;
    assert!(outcome.code == 2 && outcome.stderr.contains("cannot stand in a certificate"), "{outcome:?}");
}

#[tokio::test]
async fn a_signing_key_is_pkcs8_in_pem() {
    let machine = Machine::new();
    let file = machine.config().join("assertion-key.pem");
    assert_eq!(machine.run(&format!("certificate signing-key --out {}", file.display())).await.code, 0);
    let key = KeyPair::from_pem(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(key.is_compatible(&PKCS_ECDSA_P256_SHA256));
}
