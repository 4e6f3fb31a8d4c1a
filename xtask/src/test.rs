//! `cargo xtask test`: installs what tests need, builds the binaries that stories start, and runs all tests; with `--soak` the long
//! comparisons in their place, with `--faults` the stories in which processes are killed under calls.

use std::process::Command;

use clap::Args;
use testing::{parts, postgres};

use crate::error::Result;
use crate::local::up;
use crate::shell::{self, say};
use crate::tree;

/// Tests that only run when asked for: a crate, its test program, and which of that program's.
type Asked = (&'static str, &'static str, &'static [&'static str]);

/// The long comparisons, two minutes of kills, and a flood of calls, which says something on a machine that does nothing else alone.
const SOAKS: &[Asked] =
    &[("e2e", "oracle", &[]), ("e2e", "faults", &["two_minutes", "three_times", "--test-threads=1"])];

/// The stories that need a machine of their own, since they judge how fast things are: one after the other.
const FAULTS: &[Asked] = &[("e2e", "faults", &["--skip=two_minutes", "--skip=three_times", "--test-threads=1"])];

/// How many answers of the engine a soak compares with the plain evaluator's.
const ENGINE_ANSWERS: &str = "1000000";

/// Which tests.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The long comparisons instead: half an hour.
    #[arg(long)]
    soak: bool,
    /// The stories in which processes are killed under calls instead: some minutes, on a machine that does nothing else.
    #[arg(long, conflicts_with = "soak")]
    faults: bool,
    /// Further arguments of `cargo test`, in place of --workspace if they name packages.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// Runs the tests, and fails if one does.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut say = |line: &str| say!("    {line}");
    let (installed, took) = shell::timed(|| {
        parts::envoy(&mut say)
            .and_then(|_| parts::postgres(&mut say))
            .and_then(|_| parts::buf(&mut say))
            .and_then(|_| parts::python_client(&mut say))
            .and_then(|_| parts::spicedb(&mut say))
            .and_then(|_| parts::node(&mut say))
    });
    installed?;
    shell::done("Envoy, PostgreSQL, buf, SpiceDB, its Python client and Node.js are in the cache", took);
    if options.soak {
        up::build(false)?;
        let (done, took) = shell::timed(soak);
        shell::done("soak", took);
        postgres::stop_shared()?;
        return done;
    }
    up::build(false)?;
    if options.faults {
        let (done, took) = shell::timed(|| asked_for(FAULTS));
        shell::done("faults", took);
        return done;
    }
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(tree::root()).arg("test").args(test(&options.cargo));
    let (done, took) = shell::timed(|| shell::run(&mut cargo));
    shell::done("tests", took);
    postgres::stop_shared()?;
    done
}

/// Runs the tests that only run when asked for.
fn asked_for(tests: &[Asked]) -> Result<()> {
    for (package, test, which) in tests {
        let mut cargo = Command::new(shell::cargo());
        cargo.current_dir(tree::root()).args(["test", "--package", package, "--test", test]);
        shell::run(cargo.args(["--", "--ignored", "--nocapture"]).args(*which))?;
    }
    Ok(())
}

fn soak() -> Result<()> {
    asked_for(SOAKS)?;
    // The protocol's longer search, and a group of a million.
    let mut permissions = Command::new(shell::cargo());
    permissions.current_dir(tree::root()).args(["test", "--release", "--package", "permissions"]);
    shell::run(permissions.args(["--", "--ignored", "--nocapture"]))?;
    let mut engine = Command::new(shell::cargo());
    engine.current_dir(tree::root()).args(["run", "--quiet", "--release", "--package", "bench-engine", "--"]);
    shell::run(engine.args(["--soak", ENGINE_ANSWERS]))
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
