//! The node's life: begun in empty state, entered, stopped without a trace.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::authority;
use super::programs::{Program, Programs};
use crate::error::{Doing, Error, Result};
use crate::process::{self, Identity, Signal};
use crate::{place, surroundings};

/// The longest until the API server answers, and until the node takes pods: five and nine seconds are usual on two idle cores.
const READY_MAX: Duration = Duration::from_secs(120);

/// The longest until nothing is left of a node whose first process was killed.
const GONE_MAX: Duration = Duration::from_secs(20);

/// The node of this checkout, whether it runs or not.
#[derive(Clone, Debug)]
pub struct Node {
    state: PathBuf,
}

impl Node {
    /// The node of this checkout. Only one runs at a time.
    pub fn here() -> Self {
        Self { state: place::node_folder() }
    }

    /// Where it keeps everything that it writes: of root's alone, and gone when it stops.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// What kubectl and helm go by.
    pub fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfigs/admin.json")
    }

    /// Its first process, by the machine's numbers, if it runs.
    pub fn first_process(&self) -> Option<u32> {
        process::descendants(self.keeper()?.process).first().copied()
    }

    /// Starts it with nothing in it, and comes back once its API answers.
    ///
    /// # Errors
    /// If it runs already, or its API does not answer in time.
    pub fn start(&self, programs: &Programs) -> Result<()> {
        if self.keeper().is_some() {
            return Err(Error::new("the node runs already"));
        }
        self.stop()?;
        place::create_private_folder(&self.state)?;
        authority::write(&self.state.join("pki"), &self.state.join("kubeconfigs"))?;
        self.link(programs)?;
        self.begin()?;
        if !process::wait_until(READY_MAX, || self.keeper().is_none() || self.answers()) || !self.answers() {
            let logs = [self.state.join("logs/kube-apiserver.log"), self.own_log()];
            let log = logs.iter().find(|log| log.exists()).unwrap_or(&logs[1]);
            let lines = process::last_lines(log);
            return Err(Error::new(format!(
                "the node's API does not answer. The last lines of {}:\n{lines}",
                log.display()
            )));
        }
        Ok(())
    }

    /// Waits until it takes pods.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_until_ready(&self) -> Result<()> {
        let is_ready = || {
            let mut kubectl = self.reach("kubectl");
            kubectl.args(["wait", "--for=condition=Ready", "node/node", "--timeout=10s"]);
            run(&mut kubectl).is_ok()
        };
        if process::wait_until(READY_MAX, is_ready) {
            return Ok(());
        }
        let log = self.state.join("logs/kubelet.log");
        Err(Error::new(format!(
            "the node takes no pods. The last lines of {}:\n{}",
            log.display(),
            process::last_lines(&log)
        )))
    }

    /// Puts an image into it, from an archive in OCI's layout.
    ///
    /// # Errors
    /// If it is none.
    pub fn import(&self, archive: &Path) -> Result<()> {
        let process = self.running()?;
        let mut ctr = Command::new("nsenter");
        ctr.args(["--target", &process.to_string(), "--all", "ctr", "--namespace", "k8s.io", "images", "import"]);
        run(ctr.arg(archive)).map(drop)
    }

    /// The program in the node's network, with the node's programs on its path, and as the node's administrator.
    ///
    /// The files that it sees are the machine's. Without a running node it finds nobody.
    pub fn reach(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let network =
            self.first_process().map_or_else(|| "absent".to_owned(), |process| format!("/proc/{process}/ns/net"));
        command.arg(format!("--net={network}")).arg("--").arg(program);
        let path = surroundings::variable("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.programs().display())).env("KUBECONFIG", self.kubeconfig());
        command.env("HELM_CACHE_HOME", self.state.join("helm")).env("HELM_CONFIG_HOME", self.state.join("helm"));
        command.env("HELM_DATA_HOME", self.state.join("helm"));
        command
    }

    /// Runs kubectl, and answers what it printed.
    ///
    /// # Errors
    /// If it fails: with what it said.
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let output = run(self.reach("kubectl").args(arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs helm, and answers what it printed.
    ///
    /// # Errors
    /// If it fails: with what it said.
    pub fn helm<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let output = run(self.reach("helm").args(arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Stops it and everything in it, and removes its state; whether something ran.
    ///
    /// # Errors
    /// If something stays.
    pub fn stop(&self) -> Result<bool> {
        let keeper = self.keeper();
        if let Some(keeper) = &keeper {
            let inside = process::descendants(keeper.process);
            // The node's first process dies with its keeper, and with it all that has a number in its namespace.
            process::stop(keeper, Signal::SIGKILL);
            if !process::wait_until(GONE_MAX, || inside.iter().all(|process| Identity::of(*process).is_none())) {
                return Err(Error::new("processes of the node do not end"));
            }
        }
        self.remove_cgroups()?;
        for folder in self.lines("made") {
            // Somebody else may use it by now: then it stays.
            let _ = fs::remove_dir(folder);
        }
        if !process::wait_until(GONE_MAX, || place::remove(&self.state).is_ok()) {
            place::remove(&self.state)?;
        }
        Ok(keeper.is_some())
    }

    /// The process outside that everything inside ends with.
    fn keeper(&self) -> Option<Identity> {
        let keeper: Identity = serde_json::from_slice(&fs::read(self.record()).ok()?).ok()?;
        keeper.is_running().then_some(keeper)
    }

    fn running(&self) -> Result<u32> {
        self.first_process().ok_or_else(|| Error::new("no node runs here: `cargo xtask kube up` starts one"))
    }

    fn answers(&self) -> bool {
        self.kubectl(["get", "--raw", "/readyz"]).is_ok()
    }

    /// A folder for the path: each program by its name, and kubectl by its own.
    fn link(&self, programs: &Programs) -> Result<()> {
        let folder = self.programs();
        place::create_private_folder(&folder)?;
        let links = [
            ("kubernetes", Program::Kubernetes),
            ("kubectl", Program::Kubernetes),
            ("helm", Program::Helm),
            ("kube-router", Program::KubeRouter),
        ];
        for (name, program) in links {
            let link = folder.join(name);
            symlink(programs.path(program), &link).doing(|| format!("link {}", link.display()))?;
        }
        Ok(())
    }

    /// Starts the script in the background, and writes down which process keeps the node.
    fn begin(&self) -> Result<()> {
        let log = self.own_log();
        let output = File::create(&log).doing(|| format!("open {}", log.display()))?;
        let errors = output.try_clone().doing(|| format!("open {}", log.display()))?;
        let mut script = Command::new(place::checkout().join("deploy/kubernetes-node/node.sh"));
        script.arg("begin").arg(&self.state).current_dir("/").stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = script.process_group(0).spawn().doing(|| "start the node".to_owned())?;
        let identity = Identity::of(child.id()).ok_or_else(|| Error::new("the node ended at once"))?;
        place::write_private(&self.record(), &serde_json::to_vec(&identity).expect("numbers can be written"))
    }

    fn remove_cgroups(&self) -> Result<()> {
        for cgroup in self.lines("cgroups") {
            if !process::wait_until(GONE_MAX, || remove_cgroup(&cgroup)) {
                return Err(Error::new(format!("{} does not go away", cgroup.display())));
            }
        }
        Ok(())
    }

    /// The paths that a file of the state lists.
    fn lines(&self, name: &str) -> Vec<PathBuf> {
        let text = fs::read_to_string(self.state.join(name)).unwrap_or_default();
        text.lines().map(PathBuf::from).collect()
    }

    fn programs(&self) -> PathBuf {
        self.state.join("programs")
    }

    fn record(&self) -> PathBuf {
        self.state.join("keeper.json")
    }

    fn own_log(&self) -> PathBuf {
        self.state.join("node.log")
    }
}

/// Removes a cgroup and those below it, and says whether it is gone.
fn remove_cgroup(cgroup: &Path) -> bool {
    for entry in fs::read_dir(cgroup).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&entry.path());
        }
    }
    let _ = fs::remove_dir(cgroup);
    !cgroup.exists()
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().doing(|| format!("run {}", shown(command)))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("`{}` failed, {}:\n{}", shown(command), output.status, said.trim_end())))
}

/// The command without how the node is reached.
fn shown(command: &Command) -> String {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let start = words.iter().position(|word| word == "--").map_or(0, |at| at + 1);
    words[start..].join(" ")
}
