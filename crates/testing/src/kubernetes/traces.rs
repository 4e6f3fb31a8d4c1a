//! What a node could leave on the machine: looked at before one begins and after it is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Settings of the machine that the components of a node would change.
const SYSCTLS: &[&str] = &[
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
];

/// Folders that the components of a node make where they find none.
const FOLDERS: &[&str] = &[
    "/opt/cni",
    "/run/containerd",
    "/run/netns",
    "/run/node",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
];

/// Programs whose processes are a node's.
const PROGRAMS: &[&str] =
    &["kubernetes", "containerd", "containerd-shim", "kube-router", "pause", "coredns", "metrics-server"];

/// The traces that were found, as lines for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    lines: BTreeSet<String>,
}

impl Traces {
    /// Looks for them: mounts, cgroups, network devices and rules, settings, folders, processes.
    pub fn of_machine() -> Self {
        let mut lines = BTreeSet::new();
        for line in fs::read_to_string("/proc/self/mounts").unwrap_or_default().lines() {
            lines.insert(format!("mount {line}"));
        }
        for entry in fs::read_dir("/sys/class/net").into_iter().flatten().flatten() {
            lines.insert(format!("network device {}", entry.file_name().to_string_lossy()));
        }
        for (program, arguments) in [("iptables-save", &[][..]), ("nft", &["list", "ruleset"])] {
            let output = Command::new(program).args(arguments).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            let rules = text.lines().filter(|line| line.starts_with("-A") || line.trim_start().starts_with("chain"));
            lines.extend(rules.map(|rule| format!("rule {rule}")));
        }
        for setting in SYSCTLS {
            let value = fs::read_to_string(Path::new("/proc/sys").join(setting)).unwrap_or_default();
            lines.insert(format!("{setting} = {}", value.trim()));
        }
        lines.extend(
            FOLDERS.iter().filter(|folder| Path::new(folder).exists()).map(|folder| format!("folder {folder}")),
        );
        cgroups(Path::new("/sys/fs/cgroup"), &mut lines);
        for process in crate::process::all_processes() {
            let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            if PROGRAMS.iter().any(|program| name.trim().starts_with(program)) {
                lines.insert(format!("process {process} {}", name.trim()));
            }
        }
        Self { lines }
    }

    /// What is here that was not there then.
    pub fn beyond(&self, then: &Self) -> Vec<String> {
        self.lines.difference(&then.lines).cloned().collect()
    }
}

fn cgroups(folder: &Path, lines: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            lines.insert(format!("cgroup {}", entry.path().display()));
            cgroups(&entry.path(), lines);
        }
    }
}
