//! `cargo xtask kube up`: a node, what every cluster has, and the images of what is installed.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use testing::kubernetes::{Node, Programs, install_packages, why_not};

use super::chart;
use crate::error::{Error, Result};
use crate::images::{self, Profile};
use crate::shell::{self, say};
use crate::tree;

/// What every cluster has, and its deployments in `kube-system`.
const SYSTEM: &[&str] = &["kube-proxy", "coredns", "metrics-server"];

/// How `kube up` is told what to do.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How the services are built.
    #[arg(long, value_enum, default_value_t = Profile::Dev)]
    profile: Profile,
}

/// Starts a node, or says that one runs.
pub(crate) fn run(options: &Options) -> Result<()> {
    let node = Node::here();
    if let Some(process) = node.first_process() {
        return Err(Error::new(format!("a node runs already (process {process}): `cargo xtask kube down` stops it")));
    }
    let began = Instant::now();
    begin(&node, options.profile)?;
    let (installed, took) = shell::timed(|| chart::install(&node));
    installed?;
    shell::done("the chart is installed, and all of it is ready", took);
    // In the node's network, so that the addresses of its services are ours.
    let own = std::env::current_exe()?;
    shell::run(node.reach(&own.to_string_lossy()).args(["kube", "show"]))?;
    say!("\nIt runs on; `cargo xtask kube down` stops it. All of this took {}.", shell::spoken(began.elapsed()));
    say!("  cargo xtask kube run -- kubectl --namespace bailiwick get pods");
    say!("  cargo xtask kube run -- helm --namespace bailiwick status bailiwick");
    Ok(())
}

/// Does what comes before a chart: programs, images, a node that takes pods.
pub(crate) fn begin(node: &Node, profile: Profile) -> Result<()> {
    if let Some(reason) = why_not() {
        return Err(Error::new(reason));
    }
    let mut say = |line: &str| say!("    {line}");
    let (programs, took) = shell::timed(|| install_packages(&mut say).and_then(|()| Programs::build(&mut say)));
    let programs = programs?;
    shell::done("the node's programs are in the cache", took);
    images::build(profile)?;
    let folder = images::default_folder(profile);
    let (started, packed) = std::thread::scope(|scope| {
        let packing = scope.spawn(|| pack(&programs, profile, &folder));
        let (started, took) = shell::timed(|| node.start(&programs));
        if started.is_ok() {
            shell::done("the node's API answers", took);
        }
        (started, packing.join())
    });
    started?;
    let packed = packed.map_err(|_| Error::new("packing images failed"))??;
    let (imported, took) =
        shell::timed(|| packed.iter().try_for_each(|name| node.import(&folder.join(format!("{name}.tar")))));
    imported?;
    shell::done(&format!("{} images are in the node", packed.len()), took);
    let (ready, took) = shell::timed(|| system(node));
    ready?;
    shell::done("the node takes pods, has names and knows how busy its pods are", took);
    Ok(())
}

/// Packs all images, and answers the names of their archives.
fn pack(programs: &Programs, profile: Profile, folder: &Path) -> Result<Vec<String>> {
    let began = Instant::now();
    let mut written = images::pack_for_node(programs, folder)?;
    written.extend(images::pack_all(profile, images::REGISTRY, folder)?);
    shell::done("the images are packed", began.elapsed());
    let name = |reference: &str| reference.rsplit('/').next()?.split(':').next().map(str::to_owned);
    Ok(written.iter().filter_map(|image| name(&image.reference)).collect())
}

fn system(node: &Node) -> Result<()> {
    for name in SYSTEM {
        let manifest = tree::root().join(format!("deploy/kubernetes-node/manifests/{name}.yaml"));
        node.kubectl(["apply", "--filename", &manifest.to_string_lossy()])?;
    }
    node.wait_until_ready()?;
    for deployment in ["coredns", "metrics-server"] {
        let deployment = format!("deployment/{deployment}");
        node.kubectl(["--namespace", "kube-system", "rollout", "status", &deployment, "--timeout=120s"])?;
    }
    Ok(())
}
