//! The form of an API key, `bwk_ID_SECRETCHECKSUM`, and of an OAuth 2 client's secret, `bwc_ID_SECRETCHECKSUM`. How they are kept and
//! judged is identity's alone.
//!
//! The id (16 characters) may be shown; the secret is 43 random characters, which is 256 bits; the checksum, the CRC-32 of all
//! before it in 6 characters, lets everyone refuse a mistyped key, and a scanner recognise a leaked one, without asking.
//! All three are of `[0-9A-Za-z]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::auth::API_KEY_PREFIX;
use crate::clock::{Entropy, random};

/// How long an id is.
const ID_CHARACTERS: usize = 16;

/// How long a secret is: 62^43 is more than 2^256.
const SECRET_CHARACTERS: usize = 43;

/// How long a checksum is: 62^6 is more than 2^32.
const CHECKSUM_CHARACTERS: usize = 6;

/// How long what every key of a kind begins with is.
const PREFIX_CHARACTERS: usize = API_KEY_PREFIX.len();

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How long the text of a key is.
const CHARACTERS: usize = PREFIX_CHARACTERS + ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;

/// The part of a key that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyId(String);

/// A kind of key. The prefix keeps one from being taken for another.
pub trait KeyKind {
    /// What every key of the kind begins with: four characters.
    const PREFIX: &'static str;
}

/// The kind that calls are made with.
#[derive(Clone, Copy, Debug)]
pub struct ForCalls;

/// The kind that OAuth 2 clients ask for tokens with.
#[derive(Clone, Copy, Debug)]
pub struct ForTokens;

impl KeyKind for ForCalls {
    const PREFIX: &'static str = API_KEY_PREFIX;
}

impl KeyKind for ForTokens {
    const PREFIX: &'static str = "bwc_";
}

/// A whole key. Wiped when dropped, and prints no more than its id.
#[derive(Clone)]
pub struct Key<K> {
    id: ApiKeyId,
    text: Zeroizing<String>,
    kind: PhantomData<K>,
}

/// An API key.
pub type ApiKey = Key<ForCalls>;

/// The secret of an OAuth 2 client.
pub type ClientSecret = Key<ForTokens>;

/// A text that is no API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: its form or its checksum is wrong")]
pub struct ApiKeyMalformed;

/// A text that is no id of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of an API key is {ID_CHARACTERS} characters of 0-9, A-Z and a-z")]
pub struct ApiKeyIdInvalid;

impl<K: KeyKind> Key<K> {
    /// Makes a key that nobody can guess.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS));
        text.push_str(K::PREFIX);
        push_random(&mut text, ID_CHARACTERS, entropy);
        let id = ApiKeyId(text[PREFIX_CHARACTERS..].to_owned());
        text.push('_');
        push_random(&mut text, SECRET_CHARACTERS, entropy);
        let checksum = checksum(&text);
        text.push_str(std::str::from_utf8(&checksum).expect("the alphabet is ASCII"));
        Self { id, text, kind: PhantomData }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// If the form or the checksum is wrong. Whatever the text holds, this does not panic.
    pub fn parse(text: &str) -> Result<Self, ApiKeyMalformed> {
        if text.len() != CHARACTERS {
            return Err(ApiKeyMalformed);
        }
        let rest = text.strip_prefix(K::PREFIX).ok_or(ApiKeyMalformed)?;
        let (id, rest) = rest.split_once('_').ok_or(ApiKeyMalformed)?;
        let id: ApiKeyId = id.parse().map_err(|_| ApiKeyMalformed)?;
        if !is_of_alphabet(rest) {
            return Err(ApiKeyMalformed);
        }
        let (body, given) = text.split_at(CHARACTERS - CHECKSUM_CHARACTERS);
        if checksum(body) != given.as_bytes() {
            return Err(ApiKeyMalformed);
        }
        Ok(Self { id, text: Zeroizing::new(text.to_owned()), kind: PhantomData })
    }

    /// The part that may be shown.
    pub fn id(&self) -> &ApiKeyId {
        &self.id
    }

    /// The whole key, secret and all.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl ApiKeyId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiKeyId {
    type Err = ApiKeyIdInvalid;

    fn from_str(text: &str) -> Result<Self, ApiKeyIdInvalid> {
        if text.len() == ID_CHARACTERS && is_of_alphabet(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ApiKeyIdInvalid)
        }
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<K> fmt::Debug for Key<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

fn is_of_alphabet(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Appends characters, each as likely as any other: bytes beyond the last whole multiple of 62 are thrown away.
fn push_random(text: &mut String, characters: usize, entropy: &dyn Entropy) {
    let end = text.len() + characters;
    while text.len() < end {
        let bytes = Zeroizing::new(random::<64>(entropy));
        let fair = bytes.iter().copied().map(usize::from).filter(|byte| *byte < 4 * ALPHABET.len());
        text.extend(fair.take(end - text.len()).map(|byte| char::from(ALPHABET[byte % ALPHABET.len()])));
    }
}

/// The CRC-32 (ISO-HDLC) in base 62, most significant character first. It changes with every single character.
fn checksum(body: &str) -> [u8; CHECKSUM_CHARACTERS] {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut characters = [ALPHABET[0]; CHECKSUM_CHARACTERS];
    for character in characters.iter_mut().rev() {
        *character = ALPHABET[rest % ALPHABET.len()];
        rest /= ALPHABET.len();
    }
    characters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SystemEntropy;

    /// Randomness that a test says, repeated.
    #[derive(Debug)]
    struct Said(Vec<u8>);

    impl Entropy for Said {
        fn fill(&self, buffer: &mut [u8]) {
            for (byte, said) in buffer.iter_mut().zip(self.0.iter().cycle()) {
                *byte = *said;
            }
        }
    }

    #[test]
    fn a_key_has_the_documented_form_and_never_prints_its_secret() {
        let key = ApiKey::generate(&SystemEntropy);
        assert!(key.expose().starts_with("bwk_") && key.expose().len() == 70, "{}", key.expose().len());
        let secret = &key.expose()[21..];
        assert!(!format!("{key:?}").contains(secret));
    }

    #[test]
    fn a_key_of_one_kind_is_none_of_another() {
        let (key, secret) = (ApiKey::generate(&SystemEntropy), ClientSecret::generate(&SystemEntropy));
        assert!(secret.expose().starts_with("bwc_") && secret.expose().len() == 70);
        assert!(ApiKey::parse(secret.expose()).is_err() && ClientSecret::parse(key.expose()).is_err());
        // Nor with the other's beginning: the checksum covers it.
        assert!(ApiKey::parse(&secret.expose().replacen("bwc_", "bwk_", 1)).is_err());
        assert!(ClientSecret::parse(secret.expose()).is_ok());
    }

    #[test]
    fn a_known_key_keeps_its_form_for_ever() {
        let text = ApiKey::generate(&Said(vec![1])).expose().to_owned();
        assert_eq!(&text[..64], "bwk_1111111111111111_1111111111111111111111111111111111111111111");
        assert_eq!(checksum(&text[..64]), text.as_bytes()[64..]);
        // CRC-32 of "123456789" is 0xCBF43926 by definition.
        assert_eq!(&checksum("123456789"), b"3jZRME");
    }

    #[test]
    fn bytes_that_would_favour_some_characters_are_thrown_away() {
        let text = ApiKey::generate(&Said(vec![255, 248, 61])).expose().to_owned();
        assert_eq!(&text[4..20], "zzzzzzzzzzzzzzzz");
    }

    #[test]
    fn an_id_is_sixteen_letters_and_digits() {
        assert!("0123456789abcDEF".parse::<ApiKeyId>().is_ok());
        for bad in ["", "0123456789abcDE", "0123456789abcDEFG", "0123456789abcDE_", "0123456789abcDEé"] {
            assert!(bad.parse::<ApiKeyId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_it_was_made(seed in proptest::collection::vec(0u8..248, 1..64)) {
            let key = ApiKey::generate(&Said(seed));
            let read = ApiKey::parse(key.expose()).unwrap();
            prop_assert_eq!(read.id(), key.id());
            prop_assert_eq!(read.expose(), key.expose());
        }

        #[test]
        fn any_changed_character_is_refused(
            seed in proptest::collection::vec(0u8..248, 1..64),
            at in 0usize..70,
            replacement in proptest::char::range('\u{1}', '\u{7f}'),
        ) {
            let key = ApiKey::generate(&Said(seed));
            let mut text: Vec<char> = key.expose().chars().collect();
            prop_assume!(text[at] != replacement);
            text[at] = replacement;
            let changed: String = text.into_iter().collect();
            prop_assert_eq!(ApiKey::parse(&changed).err(), Some(ApiKeyMalformed));
        }

        #[test]
        fn a_shortened_or_lengthened_key_is_refused(seed in proptest::collection::vec(0u8..248, 1..64), keep in 0usize..70, more in "[0-9A-Za-z_]{1,8}") {
            let key = ApiKey::generate(&Said(seed));
            prop_assert!(ApiKey::parse(&key.expose()[..keep]).is_err());
            let longer = format!("{}{more}", key.expose());
            prop_assert!(ApiKey::parse(&longer).is_err());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,100}", tail in "\\PC{60,70}") {
            prop_assert!(ApiKey::parse(&text).is_err());
            let alike = format!("bwk_{tail}");
            prop_assert!(ApiKey::parse(&alike).is_err());
        }
    }
}
