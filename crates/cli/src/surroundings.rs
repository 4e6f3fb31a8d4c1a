//! What enters from outside the command line: environment, time of day, randomness. Everything else takes it as a parameter.

use std::path::PathBuf;

use time::OffsetDateTime;

/// The surroundings of one run.
pub(crate) struct Surroundings {
    pub(crate) url: Option<String>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) tenant: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) token: Option<String>,
    /// The folder of the configuration, if it is known whose it would be.
    pub(crate) config_folder: Option<PathBuf>,
    pub(crate) now: OffsetDateTime,
    /// A random idempotency key.
    pub(crate) idempotency_key: String,
}

impl Surroundings {
    /// Looks around.
    pub(crate) fn read() -> Self {
        let config_folder = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            // The XDG base directory specification: a relative path is ignored.
            .filter(|folder| folder.is_absolute())
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")))
            .map(|folder| folder.join("bailiwick"));
        Self {
            url: variable("BAILIWICK_URL"),
            ca: variable("BAILIWICK_CA").map(PathBuf::from),
            tenant: variable("BAILIWICK_TENANT"),
            profile: variable("BAILIWICK_PROFILE"),
            api_key: variable("BAILIWICK_API_KEY"),
            token: variable("BAILIWICK_TOKEN"),
            config_folder,
            now: now(),
            idempotency_key: idempotency_key(),
        }
    }
}

/// A variable of the environment. One that is set to nothing counts as not set.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment enters")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn now() -> OffsetDateTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time of day enters")]
    OffsetDateTime::now_utc()
}

fn idempotency_key() -> String {
    let mut bytes = [0_u8; 16];
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness enters")]
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes once it is up");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
