//! The node's programs, built from pinned Go modules into the cache folder: once, until a pin changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::error::{Doing, Error, Result};
use crate::{parts, place, surroundings};

/// A program of the node, or of its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// etcd, the control plane, the kubelet, kube-proxy and kubectl.
    Kubernetes,
    /// Installs charts.
    Helm,
    /// The cluster's names.
    CoreDns,
    /// Enforces network policies.
    KubeRouter,
    /// How busy pods are, for the autoscaler.
    MetricsServer,
    /// What every pod is made around.
    Pause,
}

impl Program {
    /// All, the slowest to build first.
    pub const ALL: [Self; 6] =
        [Self::Kubernetes, Self::Helm, Self::CoreDns, Self::KubeRouter, Self::MetricsServer, Self::Pause];

    /// Its name, and its folder's in `deploy/kubernetes-node/programs/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::CoreDns => "coredns",
            Self::KubeRouter => "kube-router",
            Self::MetricsServer => "metrics-server",
            Self::Pause => "pause",
        }
    }

    /// The package that is built: our own, or the one that the module pins as a tool.
    fn package(self) -> &'static str {
        match self {
            Self::Kubernetes | Self::CoreDns | Self::Pause => ".",
            Self::Helm => "helm.sh/helm/v3/cmd/helm",
            Self::KubeRouter => "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
            Self::MetricsServer => "sigs.k8s.io/metrics-server/cmd/metrics-server",
        }
    }

    /// Versions that a build from modules does not know by itself.
    fn link_flags(self) -> &'static str {
        match self {
            Self::Kubernetes => {
                "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 \
                 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
                 -X k8s.io/client-go/pkg/version.gitVersion=v1.34.4"
            }
            Self::Helm => "-s -w -X helm.sh/helm/v3/internal/version.version=v3.19.5",
            Self::CoreDns | Self::KubeRouter | Self::MetricsServer | Self::Pause => "-s -w",
        }
    }

    fn source(self) -> PathBuf {
        place::checkout().join("deploy/kubernetes-node/programs").join(self.name())
    }

    /// Eight bytes that change whenever the program would.
    fn digest(self) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(self.link_flags());
        for file in ["go.mod", "go.sum", "main.go"] {
            let path = self.source().join(file);
            if path.exists() {
                hash.update(fs::read(&path).doing(|| format!("read {}", path.display()))?);
            }
        }
        Ok(surroundings::hexadecimal(&hash.finalize()[..8]))
    }
}

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    paths: BTreeMap<Program, PathBuf>,
}

impl Programs {
    /// Makes sure that all are in the cache folder. Without any of them that takes two cores ten to twenty minutes and 8 GB of disk, most
    /// of which is given back.
    ///
    /// # Errors
    /// If Go is missing, or something does not build.
    pub fn build(say: &mut dyn FnMut(&str)) -> Result<Self> {
        let cache = parts::cache_folder()?.join("kubernetes-node");
        place::create_folder(&cache)?;
        let mut paths = BTreeMap::new();
        for program in Program::ALL {
            let folder = cache.join(format!("{}-{}", program.name(), program.digest()?));
            paths.insert(program, folder.join(program.name()));
        }
        if paths.values().all(|path| path.exists()) {
            return Ok(Self { paths });
        }
        let _lock = place::lock(&cache.join("build.lock"))?;
        let scratch = cache.join("scratch");
        for (program, path) in Program::ALL.iter().map(|program| (*program, &paths[program])) {
            if !path.exists() {
                say(&format!("building {} into {}", program.name(), path.display()));
                build(program, path, &scratch)?;
            }
        }
        place::remove(&scratch)?;
        Ok(Self { paths })
    }

    /// The program's path.
    pub fn path(&self, program: Program) -> &Path {
        &self.paths[&program]
    }

    /// Whether a module, a small one, can be fetched.
    pub(super) fn can_be_fetched() -> bool {
        let Ok(scratch) = tempfile::tempdir() else { return false };
        let mut go = Command::new("go");
        go.args(["mod", "download", "github.com/spf13/pflag"]).current_dir(Program::Kubernetes.source());
        go.envs([("GOFLAGS", "-modcacherw"), ("GOWORK", "off")]).env("GOMODCACHE", scratch.path());
        go.output().is_ok_and(|output| output.status.success())
    }

    /// Whether all are in the cache folder already.
    pub(super) fn are_built() -> bool {
        let Ok(cache) = parts::cache_folder() else { return false };
        Program::ALL.iter().all(|program| {
            let digest = program.digest().unwrap_or_default();
            cache.join("kubernetes-node").join(format!("{}-{digest}", program.name())).join(program.name()).exists()
        })
    }
}

/// Builds one program. Modules and what was compiled lie in `scratch`, so that they can be thrown away.
fn build(program: Program, path: &Path, scratch: &Path) -> Result<()> {
    place::create_folder(path.parent().expect("a program lies in a folder"))?;
    let beside = path.with_added_extension("new");
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-ldflags", program.link_flags(), "-o"]).arg(&beside).arg(program.package());
    go.current_dir(program.source()).stdin(Stdio::null());
    // Nothing of the user's settings or of C changes what comes out.
    go.envs([("CGO_ENABLED", "0"), ("GOFLAGS", "-modcacherw -buildvcs=false"), ("GOWORK", "off")]);
    go.env("GOMODCACHE", scratch.join("modules")).env("GOCACHE", scratch.join("built"));
    let output = go.output().doing(|| "run go, which builds the test node: install Go 1.25 or newer".to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("{} does not build, {}:\n{}", program.name(), output.status, said.trim_end())));
    }
    fs::rename(&beside, path).doing(|| format!("put {} in its place", path.display()))
}
