//! Lists come a page at a time. A page token says where the next page begins, and for which list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::Reason;
use sha2::{Digest as _, Sha256};

use crate::context::Context;
use crate::error::{LimitExceeded, ServiceError};

/// How many items a page has if the request does not say.
pub const SIZE_DEFAULT: u32 = 100;

/// The most items that a page has.
pub const SIZE_MAX: u32 = 1_000;

const DIGEST_BYTES: usize = 12;

/// Which page of which list a request asks for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items: 1 to 1,000.
    pub size: usize,
    /// The position after which the page begins, as [`PageRequest::next`] was given it; empty for the first page.
    pub after: String,
    list: [u8; DIGEST_BYTES],
}

/// A page request that cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page would be too large.
    #[error(transparent)]
    TooLarge(#[from] LimitExceeded),
    /// The token was not given out for this list.
    #[error(
        "page_token was not given out for this list: keep the other arguments the same from page to page, or start without it"
    )]
    TokenInvalid,
}

impl ServiceError for PageError {
    fn reason(&self) -> Reason {
        match self {
            Self::TooLarge(error) => error.reason(),
            Self::TokenInvalid => Reason::PageTokenInvalid,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge(error) => error.metadata(),
            Self::TokenInvalid => Vec::new(),
        }
    }
}

impl PageRequest {
    /// Reads the page fields of a request. `arguments` are the request's other fields, which say which list it is.
    ///
    /// # Errors
    /// If the size is over [`SIZE_MAX`], or the token was given out for another RPC, tenant or arguments.
    pub fn read(context: &Context, size: u32, token: &str, arguments: &[&str]) -> Result<Self, PageError> {
        if size > SIZE_MAX {
            return Err(
                LimitExceeded { limit: "page_size_max", max: u64::from(SIZE_MAX), given: u64::from(size) }.into()
            );
        }
        let size = if size == 0 { SIZE_DEFAULT } else { size } as usize;
        let list = list_digest(context, arguments);
        let after = if token.is_empty() { String::new() } else { open(token, &list).ok_or(PageError::TokenInvalid)? };
        Ok(Self { size, after, list })
    }

    /// How many rows to ask the store for: one more than the page, to know whether there is another.
    pub fn rows(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts the rows to the page and makes the token of the next one, empty if there is none.
    pub fn next<T>(&self, rows: &mut Vec<T>, position: impl Fn(&T) -> String) -> String {
        if rows.len() <= self.size {
            return String::new();
        }
        rows.truncate(self.size);
        rows.last().map(|row| self.token(&position(row))).unwrap_or_default()
    }

    /// The token of the page that begins after this position.
    pub fn token(&self, position: &str) -> String {
        let mut bytes = seal(position, &self.list).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn list_digest(context: &Context, arguments: &[&str]) -> [u8; DIGEST_BYTES] {
    let mut hash = Sha256::new();
    let tenant = context.tenant.as_ref().map_or("", |tenant| tenant.as_str());
    for part in [context.rpc.path, tenant].iter().chain(arguments) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    first_bytes(&hash.finalize())
}

fn seal(position: &str, list: &[u8]) -> [u8; DIGEST_BYTES] {
    first_bytes(&Sha256::new().chain_update(list).chain_update(position.as_bytes()).finalize())
}

fn first_bytes(digest: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut bytes = [0; DIGEST_BYTES];
    bytes.copy_from_slice(&digest[..DIGEST_BYTES]);
    bytes
}

fn open(token: &str, list: &[u8]) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (sealed, position) = bytes.split_at_checked(DIGEST_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    (seal(position, list) == sealed).then(|| position.to_owned())
}
