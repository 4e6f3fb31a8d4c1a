//! Verifies gate's word about a caller: for Bailiwick's own services, and for any upstream behind its gateway.
//!
//! Gate puts an **assertion** on each call that it lets through, in the header `bailiwick-assertion`: a JSON Web Token
//! (RFC 7519) signed with ES256 (RFC 7518), at most 60 seconds old, made for one audience and one route. An upstream
//! that wants to know who is calling verifies it, and trusts nothing else:
//!
//! ```no_run
//! # fn now() -> time::OffsetDateTime { time::OffsetDateTime::UNIX_EPOCH }
//! use assertion::{Expectation, KeySet, KeyUse, Verifier};
//!
//! let keys = KeySet::default(); // filled from identity's feed: keys.publish(key_id, KeyUse::Assertion, jwk, not_after)
//! let verifier = Verifier::new(keys, Expectation::assertion("https://access.example.com", "documents"));
//! let claims = verifier.verify("eyJ…", now())?;
//! println!("{} of {} may {}", claims.subject, claims.tenant, claims.permission);
//! # Ok::<(), assertion::Refused>(())
//! ```
//!
//! On a route with `bind: request` the assertion is good for the method, host and path that gate saw, and the upstream holds it to them:
//! `claims.must_be_for(method, host, path)`. On a route with `on_error: allow` or `mode: shadow` it looks at `claims.verdict`, too.

mod claims;
mod keys;
mod verifier;

pub use claims::{AccessTokenClaims, Actor, AssertionClaims, Timed, Verdict, request_digest};
pub use keys::{KeyRejected, KeySet, KeyUse};
pub use verifier::{Expectation, Refused, Verifier};

/// The longest that an assertion lives, in seconds.
pub const ASSERTION_SECONDS_MAX: i64 = 60;

/// The longest that an access token lives, in seconds.
pub const ACCESS_TOKEN_SECONDS_MAX: i64 = 300;

/// How far apart the clocks of gate and a verifier may be, in seconds.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 5;

/// The longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
