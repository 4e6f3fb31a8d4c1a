//! `cargo xtask bench NAME`: the benchmarks, by command. What they measured stands in dated tables under `benches/`.

use std::process::Command;

use clap::Subcommand;
use testing::cluster::process_of;

use crate::error::{Error, Result};
use crate::local::State;
use crate::{shell, tree};

/// A benchmark.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Bench {
    /// How fast and how small the permission engine is, in process.
    Engine {
        /// Further arguments, for example --soak 1000000.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        further: Vec<String>,
    },
    /// What the permissions service costs through gRPC, with processes of its own or with --target.
    Permissions {
        /// Further arguments, for example --relationships 1000000.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        further: Vec<String>,
    },
    /// What a decision of gate's costs, and what gate adds to Envoy, with processes of its own.
    Gate {
        /// Further arguments, for example --relationships 1000000.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        further: Vec<String>,
    },
    /// How many access tokens identity gives, and what one costs, with processes of its own.
    Identity {
        /// Further arguments, for example --connections 64.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        further: Vec<String>,
    },
    /// What a call through the gateway costs, against the cluster of `cargo xtask up --release`.
    Gateway {
        /// Further arguments, for example --rate 1000.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        further: Vec<String>,
    },
}

pub(crate) fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Engine { further } => shell::run(program("bench-engine").args(further)),
        Bench::Permissions { further } => of_own_cluster("bench-permissions", further),
        Bench::Gate { further } => of_own_cluster("bench-gate", further),
        Bench::Identity { further } => of_own_cluster("bench-identity", further),
        Bench::Gateway { further } => gateway(further),
    }
}

/// The benchmark's program, built as what it measures is.
fn program(package: &str) -> Command {
    let mut command = Command::new(shell::cargo());
    command.current_dir(tree::root()).args(["run", "--quiet", "--release", "--package", package, "--"]);
    command
}

/// One that starts a cluster, whose processes are this build's.
fn of_own_cluster(package: &str, further: &[String]) -> Result<()> {
    let mut build = Command::new(shell::cargo());
    build.current_dir(tree::root()).args(["build", "--release"]);
    for package in ["identity", "permissions", "gate", "documents"] {
        build.args(["--package", package]);
    }
    shell::run(&mut build)?;
    shell::run(program(package).args(further))
}

fn gateway(further: &[String]) -> Result<()> {
    let state = State::open();
    let running = state.running()?;
    if !running.settings.release {
        return Err(Error::new(
            "what runs was built without optimisation: `cargo xtask down`, then `cargo xtask up --release --detach`",
        ));
    }
    let config = state.cluster(&running.settings)?;
    let mut command = program("bench-gateway");
    command.args(["--port", &config.ports.gateway.to_string()]);
    command.arg("--ca").arg(state.files().authority()).arg("--key-file").arg(state.keys().file("alice"));
    for member in config.members() {
        if let Some(process) = process_of(&config, member) {
            command.args(["--process", &format!("{}={process}", member.name())]);
        }
    }
    shell::run(command.args(further))
}
