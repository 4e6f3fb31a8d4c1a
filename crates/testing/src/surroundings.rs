//! The clock, the randomness and the environment of the machine: the one place here where they enter.

use time::OffsetDateTime;

/// The time now, in UTC.
pub fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time of day enters")]
    OffsetDateTime::now_utc()
}

/// `N` bytes that nobody can guess.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness enters")]
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes once it is up");
    bytes
}

/// The environment variable, unless it is absent, empty or not text.
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment enters")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// `bytes` in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
