//! `cargo xtask test`: installs what tests need, builds the binaries that stories start, and runs all tests.

use std::process::Command;

use clap::Args;
use testing::{parts, postgres};

use crate::error::{Error, Result};
use crate::local::up;
use crate::{shell, tree};

/// Which tests.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Also the stories that kill, pause and starve: e2e/tests/faults.rs.
    #[arg(long)]
    faults: bool,
    /// Also the long differential and chaos runs: e2e/tests/soak.rs.
    #[arg(long)]
    soak: bool,
    /// Further arguments of `cargo test`, in place of --workspace if they name packages.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// Runs the tests, and fails if one does.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut say = |line: &str| println!("    {line}");
    let (installed, took) = shell::timed(|| {
        parts::envoy(&mut say).and_then(|_| parts::postgres(&mut say)).and_then(|_| parts::buf(&mut say))
    });
    installed?;
    shell::done("Envoy, PostgreSQL and buf are in the cache", took);
    up::build(false)?;
    let mut failures = Vec::new();
    step(&mut failures, "tests", &test(&options.cargo));
    for (wanted, name) in [(options.faults, "faults"), (options.soak, "soak")] {
        if wanted {
            // Marked as ignored, so that they run when asked for and at no other time.
            let arguments = ["--package", "e2e", "--test", name, "--", "--ignored", "--test-threads=1"];
            step(&mut failures, name, &arguments.map(str::to_owned));
        }
    }
    postgres::stop_shared()?;
    if failures.is_empty() { Ok(()) } else { Err(Error::new(format!("failed: {}", failures.join(", ")))) }
}

/// Looks at the tree.
pub(crate) fn tidy() -> Result<()> {
    shell::run(Command::new(shell::cargo()).current_dir(tree::root()).args(["test", "--package", "xtask"]))
}

fn test(further: &[String]) -> Vec<String> {
    let names_packages = further.iter().any(|word| word == "-p" || word.starts_with("--package"));
    let mut arguments =
        if names_packages { Vec::new() } else { vec!["--workspace".to_owned(), "--no-fail-fast".to_owned()] };
    arguments.extend_from_slice(further);
    arguments
}

fn step(failures: &mut Vec<String>, name: &str, arguments: &[String]) {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(tree::root()).arg("test").args(arguments);
    let (done, took) = shell::timed(|| shell::run(&mut cargo));
    shell::done(name, took);
    if let Err(error) = done {
        eprintln!("{error}");
        failures.push(name.to_owned());
    }
}
