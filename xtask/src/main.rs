//! The only build tool: `cargo xtask COMMAND`.

mod bench;
mod buf;
mod chart;
mod ci;
mod codegen;
mod envoy;
mod error;
mod images;
mod kube;
mod local;
mod release;
mod shell;
mod sqlx;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Bailiwick's build tool.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything, load the sample, and show what it does.
    Up(local::up::Options),
    /// Stop everything.
    Down,
    /// Say what runs, and where.
    Status,
    /// Show what the parts wrote.
    Logs(local::logs::Options),
    /// Stop everything and throw all state away.
    Reset,
    /// Print shell exports for clients: eval "$(cargo xtask env)".
    Env,
    /// Look after a cluster in the background.
    #[command(hide = true)]
    Serve,
    /// Write everything that is generated from proto/ and the tables of metrics.
    Codegen {
        /// Only say what differs, and fail if anything does.
        #[arg(long)]
        check: bool,
    },
    /// Describe the queries, so that a build needs no database.
    #[command(subcommand)]
    Sqlx(Sqlx),
    /// Look after the contracts.
    #[command(subcommand)]
    Buf(Buf),
    /// The gateway.
    #[command(subcommand)]
    Envoy(Envoy),
    /// Pack OCI images of the services, and of what a cluster for trying out needs besides.
    Images(images::Options),
    /// Run everything on a Kubernetes node of this machine. Needs root, Go and cgroup v1.
    #[command(subcommand)]
    Kube(kube::Kube),
    /// The Helm chart.
    #[command(subcommand)]
    Chart(chart::Chart),
    /// Measure.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Install what tests need, and run them all.
    Test(test::Options),
    /// Look at the tree: its shape, sizes, names and arrows.
    Tidy,
    /// Do everything that must pass before something lands.
    Ci,
    /// Cut a release: versions, changelog, commit and tag.
    Release(release::Options),
}

#[derive(Debug, Subcommand)]
enum Envoy {
    /// Write Envoy's configuration, and descriptors.bin beside it.
    Render(envoy::Options),
}

#[derive(Debug, Subcommand)]
enum Buf {
    /// Fail if the contracts are not written as they should be.
    Lint,
    /// Fail if the contracts break clients of the baseline.
    Breaking,
    /// Take the contracts as they are for the baseline.
    Baseline,
}

#[derive(Debug, Subcommand)]
enum Sqlx {
    /// Write the descriptions.
    Prepare {
        /// Only these crates.
        crates: Vec<String>,
    },
    /// Fail if a description is not what it should be.
    Check {
        /// Only these crates.
        crates: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Up(options) => wait_for(local::up::run(options)),
        Command::Down => local::down::down(),
        Command::Status => wait_for(local::status::run()),
        Command::Logs(options) => wait_for(local::logs::run(options)),
        Command::Reset => local::down::reset(),
        Command::Env => wait_for(local::environment::run()),
        Command::Serve => wait_for(local::supervisor::serve()),
        Command::Envoy(Envoy::Render(options)) => envoy::render(&options),
        Command::Images(options) => images::run(&options),
        Command::Kube(kube) => kube::run(&kube),
        Command::Chart(command) => chart::run(command),
        Command::Bench(bench) => bench::run(&bench),
        Command::Codegen { check } => codegen::run(check),
        Command::Sqlx(Sqlx::Prepare { crates }) => wait_for(sqlx::run(&crates, false)),
        Command::Sqlx(Sqlx::Check { crates }) => wait_for(sqlx::run(&crates, true)),
        Command::Buf(Buf::Lint) => buf::lint(),
        Command::Buf(Buf::Breaking) => buf::breaking(),
        Command::Buf(Buf::Baseline) => buf::baseline(),
        Command::Test(options) => test::run(&options),
        Command::Tidy => test::tidy(),
        Command::Ci => ci::run(),
        Command::Release(options) => release::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_unread() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wait_for(command: impl Future<Output = error::Result<()>>) -> error::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}
