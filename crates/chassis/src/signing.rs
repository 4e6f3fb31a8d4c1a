//! Keys that a service signs with: ES256 (RFC 7518, 3.4), named by their thumbprint (RFC 7638).

use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;
use crate::start::StartError;

/// A private key, and its public half as others need it.
#[derive(Clone)]
pub struct SigningKey {
    key_id: String,
    jwk: String,
    encoding: EncodingKey,
}

impl SigningKey {
    /// Reads a P-256 private key from a PKCS #8 PEM file.
    ///
    /// # Errors
    /// If the file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, StartError> {
        let pem = Secret::read(path)?;
        Self::from_pem(pem.expose()).map_err(|problem| StartError::Credential(format!("{}: {problem}", path.display())))
    }

    /// Reads a P-256 private key from PKCS #8 PEM.
    ///
    /// # Errors
    /// A sentence that says what it is not.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let der =
            PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| "is not a PKCS #8 private key in PEM".to_owned())?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der())
            .map_err(|_| "is not a private key on the curve P-256".to_owned())?;
        let point = pair.public_key().as_ref();
        let [4, coordinates @ ..] = point else { return Err("has a public half of an unknown form".to_owned()) };
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The members in this order, without spaces, are also what the thumbprint is the hash of.
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.as_bytes()));
        Ok(Self { key_id, jwk, encoding: EncodingKey::from_ec_der(der.secret_pkcs8_der()) })
    }

    /// The key's id: its thumbprint.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half as a JSON Web Key.
    pub fn jwk(&self) -> &str {
        &self.jwk
    }

    /// Signs claims as a token of this type.
    ///
    /// # Errors
    /// If the cryptography refuses, which a key that was read does not let happen.
    pub fn sign(&self, token_type: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(token_type.to_owned());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
