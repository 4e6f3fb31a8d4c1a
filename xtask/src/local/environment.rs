//! `cargo xtask env`: shell exports of all that a client needs, for `eval "$(cargo xtask env)"`.

use testing::sample::{ADMINISTRATOR, TENANT};
use testing::surroundings;

use super::{Door, State};
use crate::error::Result;
use crate::shell;

/// Prints the exports. The access token is new each time, and good for 5 minutes.
pub(crate) async fn run() -> Result<()> {
    let state = State::open();
    let running = state.running()?;
    let config = state.cluster(&running.settings)?;
    let key = state.keys().file(ADMINISTRATOR);
    let token = Door::of(&state, &running.settings)?.gateway("localhost")?.exchange(&key).await?;
    let ports = &config.ports;
    let path = surroundings::variable("PATH").unwrap_or_default();
    let binaries = config.binaries.display().to_string();
    let path = if path.split(':').any(|folder| folder == binaries) { path } else { format!("{binaries}:{path}") };
    let exports = [
        ("BAILIWICK_URL", format!("https://localhost:{}", ports.gateway)),
        ("BAILIWICK_CA", state.files().authority().display().to_string()),
        ("BAILIWICK_API_KEY", state.keys().read(ADMINISTRATOR)?),
        ("BAILIWICK_TENANT", TENANT.to_owned()),
        ("BAILIWICK_TOKEN", token),
        ("BAILIWICK_IDENTITY_ADDR", format!("127.0.0.1:{}", ports.identity)),
        ("BAILIWICK_PERMISSIONS_ADDR", format!("127.0.0.1:{}", ports.permissions)),
        ("BAILIWICK_GATE_ADDR", format!("127.0.0.1:{}", ports.gate)),
        ("PATH", path),
    ];
    let lines: String = exports.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    shell::print(&lines)
}

/// The value as a shell reads it back, whatever it holds.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for value in ["plain", "with space", "it's", "$HOME `id` \"x\" \\"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(value))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }
}
