//! What the machine must have for a node: asked first, so that nothing fails halfway.

use std::path::Path;
use std::process::{Command, Stdio};

use super::programs::Programs;
use crate::error::{Doing, Error, Result};
use crate::surroundings;

/// Files that must be there, and the packages of Debian that they come with.
const FILES: &[(&str, &str)] = &[
    ("/bin/busybox", "busybox-static"),
    ("/usr/bin/containerd", "containerd"),
    ("/usr/bin/nsenter", "util-linux"),
    ("/usr/bin/socat", "socat"),
    ("/usr/lib/cni/ptp", "containernetworking-plugins"),
    ("/usr/sbin/conntrack", "conntrack"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/sbin/ipset", "ipset"),
    ("/usr/sbin/iptables", "iptables"),
    ("/usr/sbin/nft", "nftables"),
    ("/usr/sbin/runc", "runc"),
];

/// Why no node can run on this machine, for people; nothing if one can, once packages are installed.
pub fn why_not() -> Option<String> {
    if !surroundings::is_root() {
        return Some("a Kubernetes node needs root: run this as root".to_owned());
    }
    let cgroups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let is_version_1 = cgroups.lines().any(|line| line.split(':').nth(1) == Some("memory"));
    if !is_version_1 {
        return Some("the test node is made for cgroup v1, and this machine has v2".to_owned());
    }
    if !succeeds(
        Command::new("unshare").args(["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "true"]),
    ) {
        return Some("this process may not make namespaces (`unshare` fails)".to_owned());
    }
    if !missing_packages().is_empty() && !Path::new("/usr/bin/apt-get").exists() {
        return Some(format!("these are missing, by the names of Debian's packages: {}", missing_packages().join(" ")));
    }
    if Programs::are_built() {
        return None;
    }
    if !succeeds(Command::new("go").arg("version")) {
        return Some("the test node is built with Go, which is missing: install Go 1.25 or newer".to_owned());
    }
    if !Programs::can_be_fetched() {
        return Some("the modules that the test node is built from cannot be fetched: is there a network?".to_owned());
    }
    None
}

/// Installs the packages that are missing, with `apt-get`.
///
/// # Errors
/// If they cannot be installed.
pub fn install_packages(say: &mut dyn FnMut(&str)) -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing packages: {}", missing.join(" ")));
    let mut last = String::new();
    for arguments in [vec!["install"], vec!["update"], vec!["install"]] {
        let mut apt = Command::new("apt-get");
        apt.args(&arguments).arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        if arguments == ["install"] {
            apt.args(["--yes", "--no-install-recommends"]).args(&missing);
        }
        let output = apt.output().doing(|| "run apt-get".to_owned())?;
        last = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        if missing_packages().is_empty() {
            return Ok(());
        }
    }
    Err(Error::new(format!("apt-get cannot install {}:\n{last}", missing.join(" "))))
}

fn missing_packages() -> Vec<&'static str> {
    FILES.iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, package)| *package).collect()
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
