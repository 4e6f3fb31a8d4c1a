//! Child processes under supervision: each in a group of its own, with its output in a file, and stopped when dropped.
//!
//! A supervisor that is killed cannot stop its children. So each child leaves a record (process id and start time) in a
//! folder, and whoever comes next stops what the records name.

mod system;

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::error::{Doing, Error, Result};
use crate::place;

pub(crate) use system::all as all_processes;
pub use system::{Identity, descendants, group};

/// How many of the last lines of a log an error shows.
const LAST_LINES: usize = 20;

/// The longest a process may take to stop when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// A running child.
#[derive(Debug)]
pub struct Supervised {
    name: String,
    child: Child,
    log: PathBuf,
    record: PathBuf,
    stop_signal: Signal,
}

/// Where a child's log and its record go.
#[derive(Clone, Debug)]
pub struct Folders {
    /// For `NAME.log`.
    pub logs: PathBuf,
    /// For `NAME.json`.
    pub records: PathBuf,
}

/// What is written down about a child.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    identity: Identity,
    stop_signal: String,
}

impl Record {
    fn write(&self, path: &Path) -> Result<()> {
        place::write_private(path, &serde_json::to_vec(self).expect("numbers and names can be written"))
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

impl Folders {
    /// The log of the child with this name.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    fn record(&self, name: &str) -> PathBuf {
        self.records.join(format!("{name}.json"))
    }
}

impl Supervised {
    /// Starts the command, with nothing to read and its output at the end of its log.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(name: &str, mut command: Command, folders: &Folders, stop_signal: Signal) -> Result<Self> {
        place::create_private_folder(&folders.logs)?;
        place::create_private_folder(&folders.records)?;
        let log = folders.log(name);
        let output = append(&log)?;
        let errors = output.try_clone().doing(|| format!("open {}", log.display()))?;
        let program = command.get_program().to_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .doing(|| format!("start {name} ({})", program.display()))?;
        let record = folders.record(name);
        if let Some(identity) = Identity::of(child.id()) {
            Record { identity, stop_signal: stop_signal.as_str().to_owned() }.write(&record)?;
        }
        Ok(Self { name: name.to_owned(), child, log, record, stop_signal })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().doing(|| format!("look after {}", self.name))
    }

    /// Makes sure that it runs.
    ///
    /// # Errors
    /// If it has ended: with the last lines that it wrote.
    pub fn check(&mut self) -> Result<()> {
        let Some(status) = self.ended()? else { return Ok(()) };
        let name = &self.name;
        let log = self.log.display();
        Err(Error::new(format!("{name} ended with {status}. The last lines of {log}:\n{}", last_lines(&self.log))))
    }

    /// Sends it, and everything that it started, a signal.
    pub fn signal(&self, signal: Signal) {
        for process in descendants(self.child.id()).into_iter().chain([self.child.id()]) {
            system::send(process, signal);
        }
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// If the operating system does not say that it ended.
    pub fn kill(&mut self) -> Result<()> {
        let started = descendants(self.child.id());
        self.signal(Signal::SIGKILL);
        self.child.wait().doing(|| format!("wait for {}", self.name))?;
        // What a dead parent leaves behind must not meet what is started next.
        wait_until(GRACE, || started.iter().all(|process| Identity::of(*process).is_none()));
        place::remove(&self.record)
    }

    /// Asks it to stop, waits, and kills it if it does not.
    ///
    /// # Errors
    /// If the operating system does not say that it ended.
    pub fn stop(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            system::send(self.child.id(), self.stop_signal);
            // One that is paused would never hear of it.
            self.signal(Signal::SIGCONT);
            let child = &mut self.child;
            if !wait_until(GRACE, || matches!(child.try_wait(), Ok(Some(_)))) {
                return self.kill();
            }
        }
        place::remove(&self.record)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // Nobody is there to hear of an error, and the record stays for whoever comes next.
        let _ = self.stop();
    }
}

/// The child with this name, as its record has it.
pub fn recorded(folders: &Folders, name: &str) -> Option<Identity> {
    Record::read(&folders.record(name)).map(|record| record.identity)
}

/// Stops the processes that the records name, if they are still the same ones, and answers their names.
///
/// # Errors
/// If the records cannot be read.
pub fn stop_leftovers(records: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(records) else { return Ok(Vec::new()) };
    let mut stopped = Vec::new();
    for entry in entries {
        let path = entry.doing(|| format!("read {}", records.display()))?.path();
        if let Some(record) = Record::read(&path)
            && record.identity.is_running()
        {
            stop(&record.identity, record.stop_signal.parse().unwrap_or(Signal::SIGTERM));
            stopped.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
        place::remove(&path)?;
    }
    Ok(stopped)
}

/// Asks a process to stop that this one did not start, waits, and kills it if it does not.
pub fn stop(identity: &Identity, signal: Signal) {
    let started = descendants(identity.process);
    system::send(identity.process, signal);
    system::send(identity.process, Signal::SIGCONT);
    if !wait_until(GRACE, || !identity.is_running()) {
        for process in started.into_iter().chain([identity.process]) {
            system::send(process, Signal::SIGKILL);
        }
        wait_until(GRACE, || !identity.is_running());
    }
}

/// Waits until it is so, looking ever more seldom, and says whether it became so in time.
pub fn wait_until(longest: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    while !is_so() {
        if start.elapsed() > longest {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
    true
}

/// The last lines of a log, indented.
pub fn last_lines(log: &Path) -> String {
    let content = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().collect();
    let shown: Vec<String> =
        lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).map(|line| format!("  {line}")).collect();
    if shown.is_empty() { "  (nothing)".to_owned() } else { shown.join("\n") }
}

fn append(log: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(log).doing(|| format!("open {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(folder: &Path) -> Folders {
        Folders { logs: folder.join("logs"), records: folder.join("records") }
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_crash_shows_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Supervised::start(
            "bad",
            shell("echo first; echo last >&2; exit 3"),
            &folders(folder.path()),
            Signal::SIGTERM,
        )
        .unwrap();
        assert!(wait_until(Duration::from_secs(5), || child.check().is_err()));
        let message = child.check().unwrap_err().to_string();
        assert!(message.contains("exit status: 3") && message.contains("  last"), "{message}");
    }

    #[test]
    fn one_that_does_not_listen_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mut child =
            Supervised::start("deaf", shell("sleep 600 & wait"), &folders(folder.path()), Signal::SIGCONT).unwrap();
        assert!(wait_until(Duration::from_secs(5), || !descendants(child.id()).is_empty()));
        let below = descendants(child.id());
        child.kill().unwrap();
        assert!(below.iter().all(|process| Identity::of(*process).is_none()));
    }

    #[test]
    fn a_dead_supervisors_child_is_stopped_by_its_record() {
        let folder = tempfile::tempdir().unwrap();
        let folders = folders(folder.path());
        let mut child = Supervised::start("left", shell("exec sleep 600"), &folders, Signal::SIGTERM).unwrap();
        assert_eq!(stop_leftovers(&folders.records).unwrap(), ["left"]);
        assert!(child.ended().unwrap().is_some());
        assert!(stop_leftovers(&folders.records).unwrap().is_empty());
    }

    #[test]
    fn a_record_of_another_process_with_the_same_id_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folders = folders(folder.path());
        let mut child = Supervised::start("mine", shell("exec sleep 600"), &folders, Signal::SIGTERM).unwrap();
        let other = Identity { process: child.id(), started: 1 };
        Record { identity: other, stop_signal: "SIGTERM".to_owned() }.write(&folders.record("mine")).unwrap();
        assert!(stop_leftovers(&folders.records).unwrap().is_empty());
        assert!(child.ended().unwrap().is_none());
    }
}
