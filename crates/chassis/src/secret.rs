//! Secrets come from files, are wiped when dropped, and never print themselves.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The longest secret file, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// The content of a secret file, without the line end.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// A secret file that cannot be used. The message never holds its content.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not there or may not be read.
    #[error("cannot read the secret file {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is empty, too long, or not text.
    #[error("the secret file {path} {problem}")]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Secret {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, is empty, is longer than 64 KiB, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
        let unusable = |problem| SecretError::Unusable { path: path.to_owned(), problem };
        if fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
            return Err(unusable("is longer than 64 KiB"));
        }
        let mut content = Zeroizing::new(fs::read(path).map_err(unreadable)?);
        while content.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            content.pop();
        }
        if content.is_empty() {
            return Err(unusable("is empty"));
        }
        if std::str::from_utf8(&content).is_err() {
            return Err(unusable("is not UTF-8 text"));
        }
        Ok(Self(content))
    }

    /// Reads the file as at least 32 bytes in hexadecimal.
    ///
    /// # Errors
    /// As [`Secret::read`], or if it is something else.
    pub fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let secret = Self::read(path)?;
        let text = secret.expose_text();
        let bytes: Option<Vec<u8>> = (0..text.len())
            .step_by(2)
            .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        match bytes {
            Some(bytes) if bytes.len() >= 32 => Ok(Zeroizing::new(bytes)),
            _ => Err(SecretError::Unusable {
                path: path.to_owned(),
                problem: "must hold 32 bytes or more in hexadecimal",
            }),
        }
    }

    /// The secret itself.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret itself, as text.
    pub fn expose_text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("what is not text was refused when it was read")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
