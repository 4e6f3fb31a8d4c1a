//! `cargo xtask ci`: everything that must hold before something lands, each step with its time, all of them in any case.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use testing::{kubernetes, parts};

use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;

/// PyPI carries only older ones, so this one is built once, into the cache.
const DENY_VERSION: &str = "0.20.2";

/// Runs all steps, and fails if one does.
pub(crate) fn run() -> Result<()> {
    // Tests build this program anew, after which nobody can be asked for its path any more.
    let own = std::env::current_exe()?;
    let own = |arguments: &[&str]| {
        let mut command = Command::new(&own);
        command.args(arguments);
        command
    };
    let mut steps: Vec<(&str, Result<()>, Duration)> = Vec::new();
    let mut step = |name: &'static str, command: Result<Command>| {
        say!("\n=== {name}");
        let (done, took) = shell::timed(|| shell::run(command?.current_dir(tree::root())));
        if let Err(error) = &done {
            eprintln!("{error}");
        }
        say!("=== {name}: {}, {}", if done.is_ok() { "passed" } else { "FAILED" }, shell::spoken(took));
        steps.push((name, done, took));
    };
    step("test", Ok(own(&["test"])));
    step("faults", Ok(own(&["test", "--faults"])));
    step("fmt", Ok(cargo(&["fmt", "--all", "--check"])));
    step("clippy", Ok(cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])));
    step("deny", deny());
    step("codegen", Ok(own(&["codegen", "--check"])));
    step("sqlx", Ok(own(&["sqlx", "check"])));
    step("buf lint", Ok(own(&["buf", "lint"])));
    step("buf breaking", Ok(own(&["buf", "breaking"])));
    step("tidy", Ok(own(&["tidy"])));
    // At the end, since it alone may take as long as all before it: where the node's programs are not built yet.
    let packages =
        || kubernetes::install_packages(&mut |line| say!("    {line}")).err().map(|error| error.with_causes());
    let left_out = kubernetes::why_not().or_else(packages);
    if left_out.is_none() {
        step("kube test", Ok(own(&["kube", "test"])));
        step("chart", Ok(own(&["chart", "check"])));
    }
    step("down", Ok(own(&["down"])));
    let passed = summary(&steps);
    if let Some(reason) = left_out {
        say!("\n  NOT RUN: the stories on Kubernetes and the look at the chart: {reason}");
    }
    passed
}

fn summary(steps: &[(&str, Result<()>, Duration)]) -> Result<()> {
    say!("\n  {:<14} {:<8} time", "step", "outcome");
    for (name, done, took) in steps {
        say!("  {name:<14} {:<8} {}", if done.is_ok() { "passed" } else { "FAILED" }, shell::spoken(*took));
    }
    say!("  {:<14} {:<8} {}", "all", "", shell::spoken(steps.iter().map(|(_, _, took)| *took).sum()));
    let failed: Vec<&str> = steps.iter().filter(|(_, done, _)| done.is_err()).map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Error::new(format!("failed: {}", failed.join(", ")))) }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(shell::cargo());
    command.args(arguments);
    command
}

/// Licences, bans and sources of everything that is built in; built without optimisation, since it runs for seconds.
fn deny() -> Result<Command> {
    let folder: PathBuf = parts::cache_folder()?.join(format!("cargo-deny-{DENY_VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if !program.exists() {
        say!("building cargo-deny {DENY_VERSION} into {}", folder.display());
        let mut install =
            cargo(&["install", "--quiet", "--locked", "--debug", "cargo-deny", "--version", DENY_VERSION, "--root"]);
        shell::run(install.arg(&folder).current_dir(std::env::temp_dir()))?;
    }
    let mut command = Command::new(program);
    command.args(["--offline", "check", "licenses", "bans", "sources"]);
    Ok(command)
}
