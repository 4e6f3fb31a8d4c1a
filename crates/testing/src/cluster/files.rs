//! The files of a cluster: keys, certificates, secrets, configurations, logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ClusterConfig, Member, Part, SERVICES, settings};
use crate::certificates::{self, Authority, CertificateFiles};
use crate::envoy::{Settings, Tracing};
use crate::error::{Doing, Result};
use crate::postgres::{self, Server};
use crate::process::{self, Identity};
use crate::{place, secrets};

/// The file that says which process a test's cluster belongs to.
const OWNER: &str = "owner.json";

/// The files of a cluster.
#[derive(Clone, Debug)]
pub struct Files {
    state: PathBuf,
}

impl Files {
    /// Makes what is missing.
    pub(super) fn keep(config: &ClusterConfig) -> Result<Self> {
        let files = Self::of(&config.state);
        for folder in ["certificates", "secrets", "passwords", "configuration", "snapshots", "logs"] {
            place::create_private_folder(&config.state.join(folder))?;
        }
        let authority = Authority::keep(&config.state.join("certificates"))?;
        for peer in ["gateway", "documents"].into_iter().chain(SERVICES.map(Part::name)) {
            authority.keep_peer(peer)?;
        }
        for secret in ["bootstrap-secret", "identity-pepper", "identity-seal-key", "permissions-token-key"] {
            secrets::keep_random(&files.secret(secret))?;
        }
        secrets::keep_signing_key(&files.secret("gate-assertion-key.pem"))?;
        Ok(files)
    }

    /// The files in this folder, whether they are there or not.
    pub fn of(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// The certificate of the authority that vouches for everyone.
    pub fn authority(&self) -> PathBuf {
        self.state.join("certificates/ca.pem")
    }

    /// The authority itself, to make further certificates with.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub fn open_authority(&self) -> Result<Authority> {
        Authority::keep(&self.state.join("certificates"))
    }

    /// The certificate of a peer.
    pub fn certificate(&self, peer: &str) -> CertificateFiles {
        let peer = certificates::file_name(peer);
        let file = |name: String| self.state.join("certificates").join(name);
        CertificateFiles { certificate: file(format!("{peer}.pem")), key: file(format!("{peer}-key.pem")) }
    }

    /// The secret with which the first administrator is made.
    pub fn bootstrap_secret(&self) -> PathBuf {
        self.secret("bootstrap-secret")
    }

    /// Makes another key for gate's assertions, for those that start from now on.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace_assertion_key(&self) -> Result<()> {
        let file = self.secret("gate-assertion-key.pem");
        place::remove(&file)?;
        secrets::keep_signing_key(&file)
    }

    /// The log of a process. A part stands for its first process.
    pub fn log(&self, member: impl Into<Member>) -> PathBuf {
        self.state.join("logs").join(format!("{}.log", member.into().name()))
    }

    /// Envoy's access log.
    pub fn access_log(&self) -> PathBuf {
        self.state.join("logs/access.log")
    }

    /// The passwords of the databases' roles.
    pub fn passwords(&self) -> PathBuf {
        self.state.join("passwords")
    }

    /// The configuration of a service's process. A service stands for its first process.
    pub fn configuration(&self, member: impl Into<Member>) -> PathBuf {
        self.state.join("configuration").join(format!("{}.toml", member.into().name()))
    }

    /// The folder of the files of permissions' index, from which its processes start.
    pub fn snapshots(&self) -> PathBuf {
        self.state.join("snapshots")
    }

    pub(super) fn secret(&self, name: &str) -> PathBuf {
        self.state.join("secrets").join(name)
    }

    pub(super) fn gateway(&self) -> PathBuf {
        self.state.join("configuration/envoy.yaml")
    }

    pub(super) fn write_gateway(&self, config: &ClusterConfig) -> Result<()> {
        let path = self.gateway();
        let folder = path.parent().unwrap_or(&self.state);
        let local = Settings::local(folder, &config.ports, &self.certificate("gateway"), &self.authority())?;
        let tracing = config.spans.map(|spans| Tracing {
            collector: format!("127.0.0.1:{}", spans.port),
            sampled_percent: spans.sampled_percent,
            callers_are_believed: true,
        });
        Settings { access_log_file: self.access_log(), tracing, ..local }.write(&path)
    }

    pub(super) fn write_service(&self, config: &ClusterConfig, server: &Server, member: Member) -> Result<()> {
        let text = settings::render(config, self, server, member);
        place::write_private(&self.configuration(member), text.as_bytes())
    }

    pub(super) fn service_command(&self, config: &ClusterConfig, member: Member) -> Command {
        let mut command = Command::new(config.binaries.join(format!("bailiwick-{}", member.part.name())));
        command.arg("--config").arg(self.configuration(member));
        for setting in config.overrides.get(&member.part).into_iter().flatten() {
            command.args(["--set", setting]);
        }
        for (name, value) in config.environment.get(&member).into_iter().flatten() {
            command.env(name, value);
        }
        command
    }

    pub(super) fn documents_command(&self, config: &ClusterConfig) -> Command {
        let certificate = self.certificate("documents");
        let mut command = Command::new(config.binaries.join("documents"));
        command.args(["--listen", &format!("127.0.0.1:{}", config.ports.documents)]);
        for port in config.ports.contracts(Part::Identity) {
            command.args(["--identity-address", &format!("https://127.0.0.1:{port}")]);
        }
        command.arg("--certificate-file").arg(certificate.certificate).arg("--key-file").arg(certificate.key);
        command.arg("--ca-file").arg(self.authority()).args(["--audience", "documents"]);
        command
    }
}

/// Where the clusters of tests keep their files.
pub(super) fn tests_folder() -> PathBuf {
    place::state_folder().join("tests")
}

/// Makes the folder this process' own.
pub(super) fn own(state: &Path) -> Result<()> {
    place::create_private_folder(&place::state_folder())?;
    place::create_private_folder(state)?;
    let owner = serde_json::to_vec(&Identity::own()).expect("numbers can be written");
    place::write_private(&state.join(OWNER), &owner)
}

/// Stops and clears away the clusters of tests that were killed, and says how many there are of tests that run.
///
/// # Errors
/// If something cannot be cleared away.
pub fn clear_abandoned() -> Result<usize> {
    let _claim = lock_tests()?;
    clear_unowned()
}

/// Keeps other tests from claiming and clearing folders, until it is dropped.
pub(super) fn lock_tests() -> Result<fs::File> {
    place::create_private_folder(&place::state_folder())?;
    place::create_private_folder(&tests_folder())?;
    place::lock(&place::state_folder().join("tests.lock"))
}

/// As [`clear_abandoned`], for whoever has the lock.
pub(super) fn clear_unowned() -> Result<usize> {
    let Ok(entries) = fs::read_dir(tests_folder()) else { return Ok(0) };
    let mut running = 0;
    for entry in entries {
        let state = entry.doing(|| "read the folder of tests".to_owned())?.path();
        let owner =
            fs::read(state.join(OWNER)).ok().and_then(|content| serde_json::from_slice::<Identity>(&content).ok());
        if owner.is_some_and(|owner| owner.is_running()) {
            running += 1;
            continue;
        }
        process::stop_leftovers(&state.join("processes"))?;
        let postgres = place::postgres_folder(&state.file_name().unwrap_or_default().to_string_lossy());
        postgres::stop(&postgres);
        postgres::remove(&postgres)?;
        place::remove(&state)?;
    }
    Ok(running)
}

/// Keeps the logs of the run before under another name.
pub(super) fn rotate_logs(logs: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(logs) else { return Ok(()) };
    for entry in entries {
        let path = entry.doing(|| format!("read {}", logs.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "log") && !path.ends_with("up.log") {
            fs::rename(&path, path.with_added_extension("1")).doing(|| format!("rename {}", path.display()))?;
        }
    }
    Ok(())
}
