//! Time and randomness as parameters, so that a test can say what they are.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

/// Tells the time of day.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now, in UTC and whole microseconds: what PostgreSQL keeps, so that what is stored reads back the same.
    fn now(&self) -> OffsetDateTime;
}

/// Makes bytes that nobody can guess.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[expect(clippy::disallowed_methods, reason = "the one place where the time of day enters")]
        let now = OffsetDateTime::now_utc();
        now.truncate_to_microsecond()
    }
}

/// The machine's own source of randomness.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "the one place where randomness enters")]
        getrandom::fill(buffer).expect("the operating system always has random bytes once it is up");
    }
}

/// The time now, in UTC, for whoever holds the clock behind a pointer.
pub type SharedClock = Arc<dyn Clock>;

/// Randomness behind a pointer.
pub type SharedEntropy = Arc<dyn Entropy>;

/// `N` random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A random id of version 7 (RFC 9562): ids made later sort later.
pub fn new_id(now: OffsetDateTime, entropy: &dyn Entropy) -> uuid::Uuid {
    let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random(entropy)).into_uuid()
}

/// A clock that stands still until a test moves it.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(now.truncate_to_microsecond())))
    }

    /// Moves it on, or back.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
