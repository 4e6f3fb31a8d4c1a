//! `cargo xtask kube test`: the stories of a cluster, on a node of their own that leaves nothing behind.

use std::process::Command;

use clap::Args;
use testing::kubernetes::{Node, Traces};

use super::up;
use crate::error::{Error, Result};
use crate::images::Profile;
use crate::{shell, tree};

/// Which stories, and of what.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How the services are built.
    #[arg(long, value_enum, default_value_t = Profile::Dev)]
    profile: Profile,
    /// Leave the node running, to look at what went wrong.
    #[arg(long)]
    keep: bool,
    /// Only stories with this in their names.
    stories: Vec<String>,
}

/// Starts a node, runs the stories, and looks for what is left when it is gone.
pub(crate) fn run(options: &Options) -> Result<()> {
    let node = Node::here();
    if node.stop()? {
        shell::say!("             a node was running, and is stopped");
    }
    // Before the node begins: whoever is in its network reaches no registry.
    let mut build = cargo(&["test", "--package", "e2e", "--test", "kubernetes", "--no-run"]);
    let (built, took) = shell::timed(|| shell::run(&mut build));
    built?;
    shell::done("the stories are built", took);
    let before = Traces::of_machine();
    let began = up::begin(&node, options.profile);
    let told = began.and_then(|()| stories(&node, &options.stories));
    if options.keep {
        return told;
    }
    let (stopped, took) = shell::timed(|| node.stop());
    stopped?;
    let left = Traces::of_machine().beyond(&before);
    told?;
    if !left.is_empty() {
        return Err(Error::new(format!("the node is gone, and left behind:\n{}", left.join("\n"))));
    }
    shell::done("the node is gone, and left nothing behind", took);
    Ok(())
}

fn stories(node: &Node, names: &[String]) -> Result<()> {
    let mut cargo = node.reach(&shell::cargo().to_string_lossy());
    cargo.current_dir(tree::root()).args(["test", "--package", "e2e", "--test", "kubernetes", "--offline", "--"]);
    let (told, took) =
        shell::timed(|| shell::run(cargo.args(["--ignored", "--nocapture", "--test-threads=1"]).args(names)));
    shell::done("stories", took);
    told
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(shell::cargo());
    command.current_dir(tree::root()).args(arguments);
    command
}
