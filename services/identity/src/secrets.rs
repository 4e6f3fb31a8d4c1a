//! Whether a secret that somebody shows is the one that was kept, whichever pepper it was kept under.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chassis::api_key::{Key, KeyKind};

use crate::domain::key_id::KeyId;
use crate::domain::pepper::{Comparison, Peppers, SecretHash, ShownSecret};

/// How many missing peppers are told of in the log.
const TOLD_MAX: usize = 16;

/// The peppers, and which were missed already.
#[derive(Debug)]
pub(crate) struct Secrets {
    peppers: Peppers,
    missed: Mutex<BTreeSet<KeyId>>,
}

/// A secret that is genuine.
#[derive(Debug)]
pub(crate) struct Genuine {
    /// What is to be kept of it from now on, if that is something else.
    pub(crate) renewed: Option<SecretHash>,
}

impl Secrets {
    pub(crate) fn new(peppers: Peppers) -> Self {
        Self { peppers, missed: Mutex::default() }
    }

    /// The peppers themselves.
    pub(crate) fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// The hash to be kept of a key.
    pub(crate) fn hash<K: KeyKind>(&self, key: &Key<K>) -> SecretHash {
        self.peppers.hash(key)
    }

    /// A key that is shown, ready to be compared.
    pub(crate) fn hash_shown<K: KeyKind>(&self, key: &Key<K>) -> ShownSecret {
        self.peppers.hash_shown(key)
    }

    /// Whether what is shown is what was kept. That a pepper is missing is told in the log, once for each.
    pub(crate) fn verify(&self, shown: &ShownSecret, kept: &SecretHash) -> Option<Genuine> {
        match shown.compare(kept) {
            Comparison::Same => Some(Genuine { renewed: None }),
            Comparison::Outdated(renewed) => Some(Genuine { renewed: Some(renewed) }),
            Comparison::Other => None,
            Comparison::PepperMissing(pepper) => {
                if self.is_news(&pepper) {
                    tracing::error!(%pepper, "a secret lies under a pepper that is in neither pepper_file nor pepper_other_files: it is refused, as all that lie there");
                }
                None
            }
        }
    }

    fn is_news(&self, pepper: &KeyId) -> bool {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.len() < TOLD_MAX && missed.insert(pepper.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_pepper_is_told_of_once_and_not_without_end() {
        let secrets = Secrets::new(Peppers::new::<[u8; 32]>(&[1; 32], &[]).unwrap());
        let id = |number: usize| KeyId::from_store(number.to_string());
        assert!(secrets.is_news(&id(0)));
        assert!(!secrets.is_news(&id(0)));
        let told = (1..100).filter(|number| secrets.is_news(&id(*number))).count();
        assert_eq!(told, TOLD_MAX - 1);
    }
}
