//! `cargo xtask kube`: everything on a real Kubernetes node of this machine, which needs no registry, no engine and leaves nothing behind.

mod chart;
mod test;
mod up;

use clap::Subcommand;
use testing::kubernetes::Node;

use crate::error::{Error, Result};
use crate::shell::{self, say};

/// What to do with the node.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Kube {
    /// Start a node with everything in it. The first time its programs are built: ten to twenty minutes.
    Up(up::Options),
    /// Stop the node, and throw away everything in it.
    Down,
    /// Say what runs in it.
    Status,
    /// Run the stories of a cluster on a node of their own, which is gone without a trace afterwards.
    Test(test::Options),
    /// Run a command in the node's network as its administrator: `cargo xtask kube run -- kubectl get pods`.
    Run {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
    /// Load the sample, and do the main job: what `up` runs in the node's network.
    #[command(hide = true)]
    Show,
}

pub(crate) fn run(kube: &Kube) -> Result<()> {
    match kube {
        Kube::Up(options) => up::run(options),
        Kube::Down => down(),
        Kube::Status => status(),
        Kube::Test(options) => test::run(options),
        Kube::Run { words } => in_network(words),
        Kube::Show => crate::wait_for(chart::show()),
    }
}

fn down() -> Result<()> {
    let (stopped, took) = shell::timed(|| Node::here().stop());
    if stopped? {
        shell::done("the node is gone, with everything in it", took);
    } else {
        say!("no node was running");
    }
    Ok(())
}

fn status() -> Result<()> {
    let node = running()?;
    let process = node.first_process().unwrap_or_default();
    say!("a node runs (process {process}), state in {}\n", node.state().display());
    shell::print(&node.kubectl(["get", "pods", "--all-namespaces"])?)?;
    shell::print("\n")?;
    shell::print(&node.kubectl(["get", "services", "--all-namespaces"])?)?;
    shell::print("\n")?;
    shell::print(&node.helm(["list", "--all-namespaces"])?)
}

fn in_network(words: &[String]) -> Result<()> {
    let (program, arguments) = words.split_first().ok_or_else(|| Error::new("which command?"))?;
    shell::run(running()?.reach(program).args(arguments))
}

fn running() -> Result<Node> {
    let node = Node::here();
    match node.first_process() {
        Some(_) => Ok(node),
        None => Err(Error::new("no node runs here: `cargo xtask kube up` starts one")),
    }
}
