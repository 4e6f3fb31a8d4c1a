//! Running the command with an environment of its own.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::played::Gateway;

pub(crate) const KEY: &str = "bw_secretsecretsecret";

/// A user's machine: a home, and an environment.
pub(crate) struct Machine {
    pub(crate) home: TempDir,
    environment: Vec<(String, String)>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Machine {
    /// One that knows no gateway.
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// One that is set up for a gateway by its environment.
    pub(crate) fn of(gateway: &Gateway) -> Self {
        let ca = gateway.ca_file.path().to_str().unwrap();
        Self::new().with("BAILIWICK_URL", &gateway.url).with("BAILIWICK_CA", ca).with("BAILIWICK_API_KEY", KEY)
    }

    /// The same, with a variable set.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file in the home.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn config(&self) -> &Path {
        self.home.path()
    }

    pub(crate) async fn run(&self, line: &str) -> Outcome {
        self.run_with_input(line, "").await
    }

    /// Runs `bailiwick` with arguments that have no spaces in them.
    pub(crate) async fn run_with_input(&self, line: &str, input: &str) -> Outcome {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(line.split_whitespace())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.home.path())
            .envs(self.environment.iter().cloned())
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let outcome =
            Outcome { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!outcome.stdout.contains(KEY) && !outcome.stderr.contains(KEY), "{outcome:?}");
        outcome
    }

    /// Runs it for scripts, and reads the one document.
    pub(crate) async fn json(&self, line: &str) -> Value {
        let outcome = self.run(&format!("{line} --output json")).await;
        assert_eq!(outcome.stderr, "", "{line}");
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}
