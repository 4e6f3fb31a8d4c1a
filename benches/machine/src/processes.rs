//! The CPU and the memory that processes have taken, as the operating system accounts for them.

use std::time::Duration;

/// Clock ticks a second in `/proc`: fixed on Linux whatever the kernel's own.
const TICKS_A_SECOND: u64 = 100;

/// A process to account for, with all that it has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// What it is called in tables.
    pub name: String,
    /// Its number.
    pub id: u32,
}

/// What each process, and last this one, has spent since it began.
#[derive(Debug)]
pub struct Spent(Vec<Duration>);

/// Reads `NAME=PID`.
///
/// # Errors
/// If it is anything else.
pub fn parse_process(text: &str) -> Result<Process, String> {
    let (name, id) = text.split_once('=').ok_or("must be NAME=PID")?;
    Ok(Process { name: name.to_owned(), id: id.parse().map_err(|_| "must be NAME=PID".to_owned())? })
}

impl Spent {
    /// User and system time of these processes and of what they have started, to 10 ms; and of this process without what it
    /// has started, which may be one of them.
    ///
    /// # Errors
    /// If one of them does not run.
    pub fn read(processes: &[Process]) -> Result<Self, String> {
        let all = processes.iter().map(|process| spent_by_tree(process.id));
        all.chain([spent_by_itself()]).collect::<Result<_, String>>().map(Self)
    }

    /// What each has spent since an earlier reading.
    pub fn since(&self, before: &Self) -> Vec<Duration> {
        self.0.iter().zip(&before.0).map(|(now, before)| now.saturating_sub(*before)).collect()
    }
}

/// The memory that is resident of a process and of what it has started, in KiB. What several share is counted for each.
///
/// # Errors
/// If it does not run.
pub fn resident_kib(process: &Process) -> Result<u64, String> {
    let one = |id: u32| {
        let status = read(&format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().map_err(|error| error.to_string())
    };
    tree(process.id)?.into_iter().map(one).sum()
}

fn spent_by_tree(root: u32) -> Result<Duration, String> {
    let mut ticks = 0;
    for process in tree(root)? {
        // One that has ended meanwhile is in the account of the one that started it.
        let Ok(stat) = read(&format!("/proc/{process}/stat")) else { continue };
        ticks += ticks_in(&stat, 4);
    }
    Ok(time(ticks))
}

fn spent_by_itself() -> Result<Duration, String> {
    Ok(time(ticks_in(&read("/proc/self/stat")?, 2)))
}

fn time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND)
}

/// The process and everything below it: PostgreSQL works in a process a connection.
fn tree(root: u32) -> Result<Vec<u32>, String> {
    let mut all = vec![root];
    let mut at = 0;
    while at < all.len() {
        let process = all[at];
        match read(&format!("/proc/{process}/task/{process}/children")) {
            Ok(children) => all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok())),
            Err(error) if process == root => return Err(error),
            Err(_) => {}
        }
        at += 1;
    }
    Ok(all)
}

/// User and system time of a process, and after them those of its children that have ended: so many fields from the 12th on
/// after the name, which may hold anything.
fn ticks_in(stat: &str, fields: usize) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(fields).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_process_and_of_its_ended_children_is_counted_whatever_its_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0";
        assert_eq!((ticks_in(stat, 4), ticks_in(stat, 2)), (127, 120));
    }

    #[test]
    fn a_process_is_a_name_and_a_number() {
        assert_eq!(parse_process("postgres=12"), Ok(Process { name: "postgres".to_owned(), id: 12 }));
        for bad in ["postgres", "postgres=", "postgres=-1"] {
            assert_eq!(parse_process(bad), Err("must be NAME=PID".to_owned()), "{bad}");
        }
    }

    #[test]
    fn this_process_is_accounted_for_without_being_named() {
        let before = Spent::read(&[]).unwrap();
        assert_eq!(Spent::read(&[]).unwrap().since(&before).len(), 1);
        let own = Process { name: "own".to_owned(), id: std::process::id() };
        assert!(resident_kib(&own).unwrap() > 0);
    }
}
