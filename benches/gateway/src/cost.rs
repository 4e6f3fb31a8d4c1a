//! The CPU that processes have spent, as the operating system accounts for it.

use std::time::Duration;

/// Clock ticks a second in `/proc`: fixed on Linux whatever the kernel's own.
const TICKS_A_SECOND: u64 = 100;

/// What each process, and last this one, has spent since it began.
#[derive(Debug)]
pub(crate) struct Processes(Vec<Duration>);

/// Reads `NAME=PID`.
pub(crate) fn parse_process(text: &str) -> Result<(String, u32), String> {
    let (name, process) = text.split_once('=').ok_or("must be NAME=PID")?;
    Ok((name.to_owned(), process.parse().map_err(|_| "must be NAME=PID".to_owned())?))
}

impl Processes {
    /// Of these processes and their children that live.
    pub(crate) fn read(processes: &[(String, u32)]) -> Result<Self, String> {
        let own = std::process::id();
        let spent = processes.iter().map(|(_, process)| *process).chain([own]).map(|process| {
            let children = children_of(process)?;
            std::iter::once(process).chain(children).map(spent).sum::<Result<Duration, String>>()
        });
        spent.collect::<Result<_, String>>().map(Self)
    }

    /// What each has spent since an earlier reading.
    pub(crate) fn since(&self, before: &Self) -> Vec<Duration> {
        self.0.iter().zip(&before.0).map(|(now, before)| now.saturating_sub(*before)).collect()
    }
}

/// PostgreSQL works in a process per connection.
fn children_of(process: u32) -> Result<Vec<u32>, String> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    Ok(children.split_whitespace().filter_map(|child| child.parse().ok()).collect())
}

fn spent(process: u32) -> Result<Duration, String> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // The name may hold anything, so count the fields after it; user and system time are the 12th and 13th of those.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 1_000 / TICKS_A_SECOND))
}
