//! Keys that a service signs with: ES256 (RFC 7518, 3.4), named by their thumbprint (RFC 7638).

use std::path::Path;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;
use crate::start::StartError;

/// A private key, and its public half as others need it.
#[derive(Clone)]
pub struct SigningKey {
    public: PublicKey,
    encoding: EncodingKey,
}

/// The public half of a signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key_id: String,
    jwk: String,
}

/// The members of a JSON Web Key (RFC 7517) that a public P-256 key may have. A private one, with `d`, is refused by this.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(rename = "alg")]
    _algorithm: Option<String>,
    #[serde(rename = "kid")]
    _key_id: Option<String>,
    #[serde(rename = "use")]
    _use: Option<String>,
}

/// How long a coordinate of a point on P-256 is.
const COORDINATE_BYTES: usize = 32;

impl PublicKey {
    /// Reads a P-256 public key from a JSON Web Key (RFC 7517).
    ///
    /// # Errors
    /// A sentence that says what it is not.
    pub fn from_jwk(text: &str) -> Result<Self, &'static str> {
        let jwk: Jwk = serde_json::from_str(text).map_err(
            |_| "must be a public JSON Web Key with kty, crv, x and y, and at most alg, kid and use besides",
        )?;
        if (jwk.kty.as_str(), jwk.crv.as_str()) != ("EC", "P-256") {
            return Err("must be of type EC on the curve P-256");
        }
        let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == COORDINATE_BYTES);
        let (Some(x), Some(y)) = (coordinate(&jwk.x), coordinate(&jwk.y)) else {
            return Err("must have x and y of 32 bytes each in base64url");
        };
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).map_err(|_| "must be a point on the curve P-256")?;
        Ok(Self::of_coordinates(&x, &y))
    }

    fn of_coordinates(x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The members in this order, without spaces, are also what the thumbprint is the hash of.
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.as_bytes()));
        Self { key_id, jwk }
    }

    /// The key's id: its thumbprint (RFC 7638).
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key as a JSON Web Key, always in the same form.
    pub fn jwk(&self) -> &str {
        &self.jwk
    }
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
        Self::from_pkcs8(der.secret_pkcs8_der())
    }

    /// Reads a P-256 private key from PKCS #8, DER.
    ///
    /// # Errors
    /// A sentence that says what it is not.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| "is not a private key on the curve P-256".to_owned())?;
        let point = pair.public_key().as_ref();
        let [4, coordinates @ ..] = point else { return Err("has a public half of an unknown form".to_owned()) };
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let public = PublicKey::of_coordinates(x, y);
        Ok(Self { public, encoding: EncodingKey::from_ec_der(der) })
    }

    /// The key's id: its thumbprint.
    pub fn key_id(&self) -> &str {
        self.public.key_id()
    }

    /// The public half as a JSON Web Key.
    pub fn jwk(&self) -> &str {
        self.public.jwk()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs claims as a token of this type.
    ///
    /// # Errors
    /// If the cryptography refuses, which a key that was read does not let happen.
    pub fn sign(&self, token_type: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(token_type.to_owned());
        header.kid = Some(self.key_id().to_owned());
        jsonwebtoken::encode(&header, claims, &self.encoding)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, appendix A.3: a P-256 key.
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    #[test]
    fn a_public_key_is_read_in_any_order_and_kept_in_one() {
        let kept = format!(r#"{{"crv":"P-256","kty":"EC","x":"{X}","y":"{Y}"}}"#);
        for text in [
            kept.clone(),
            format!(r#"{{"y":"{Y}", "kid":"a", "alg":"ES256", "use":"sig", "kty":"EC","crv":"P-256","x":"{X}"}}"#),
        ] {
            let key = PublicKey::from_jwk(&text).unwrap();
            assert_eq!(key.jwk(), kept);
            assert_eq!(key.key_id(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        }
    }

    #[test]
    fn what_is_no_public_p256_key_is_refused() {
        let jwk = |kty: &str, crv: &str, x: &str, y: &str, more: &str| {
            format!(r#"{{"kty":"{kty}","crv":"{crv}","x":"{x}","y":"{y}"{more}}}"#)
        };
        for bad in [
            String::new(),
            "{}".to_owned(),
            jwk("RSA", "P-256", X, Y, ""),
            jwk("EC", "P-384", X, Y, ""),
            jwk("EC", "P-256", Y, X, ""),
            jwk("EC", "P-256", &X[1..], Y, ""),
            jwk("EC", "P-256", X, Y, r#","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#),
        ] {
            assert!(PublicKey::from_jwk(&bad).is_err(), "{bad}");
        }
    }
}
