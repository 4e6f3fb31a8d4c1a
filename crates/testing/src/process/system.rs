//! What the operating system says about processes, read from `/proc`.

use std::fs;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// One process, told apart from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its id.
    pub process: u32,
    /// When it was started, in clock ticks since the machine was.
    pub started: u64,
}

/// The fields of `/proc/ID/stat` that are of use here.
struct Stat {
    state: char,
    parent: u32,
    group: u32,
    started: u64,
}

impl Identity {
    /// The process that has this id now, unless it has ended.
    pub fn of(process: u32) -> Option<Self> {
        let stat = stat(process)?;
        (stat.state != 'Z').then_some(Self { process, started: stat.started })
    }

    /// This process.
    pub fn own() -> Self {
        Self::of(std::process::id()).expect("/proc tells of the process that asks")
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        Self::of(self.process) == Some(*self)
    }
}

/// Everything that the process started, and what that started.
pub fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        all().into_iter().filter_map(|process| Some((process, stat(process)?.parent))).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, above)| *above == parent).map(|(process, _)| *process));
        next += 1;
    }
    found.split_off(1)
}

/// The process group that the process belongs to.
pub fn group(process: u32) -> Option<u32> {
    stat(process).map(|stat| stat.group)
}

/// Sends a signal; a process that is gone does not mind.
pub(super) fn send(process: u32, signal: Signal) {
    if let Ok(process) = i32::try_from(process) {
        let _ = signal::kill(Pid::from_raw(process), signal);
    }
}

/// Every process there is.
pub(crate) fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}
