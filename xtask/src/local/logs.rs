//! `cargo xtask logs [SERVICE]`: what the parts wrote.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{State, supervisor};
use crate::error::{Error, Result};
use crate::shell;

/// How many lines of a log are shown at first.
const LINES: usize = 50;

/// Which logs, and for how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// One of postgres, identity, permissions, gate, documents, envoy, access (Envoy's access log), up; all if absent. The second
    /// replica of a service is permissions-2.
    service: Option<String>,
    /// Show what is added, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
}

/// Prints the last lines, then what is added.
pub(crate) async fn run(options: Options) -> Result<()> {
    let logs = choose(&options)?;
    let mut open = BTreeMap::new();
    for (name, path) in &logs {
        let content = fs::read(path)?;
        let text = String::from_utf8_lossy(&content);
        let lines: Vec<&str> = text.lines().collect();
        if logs.len() > 1 {
            shell::print(&format!("==> {name}\n"))?;
        }
        for line in lines.iter().skip(lines.len().saturating_sub(LINES)) {
            shell::print(&format!("{line}\n"))?;
        }
        if options.follow {
            let mut file = File::open(path)?;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
            open.insert(name.clone(), file);
        }
    }
    while !open.is_empty() {
        for file in open.values_mut() {
            supervisor::show_new(file)?;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn choose(options: &Options) -> Result<BTreeMap<String, PathBuf>> {
    let folder = State::open().folder().join("logs");
    let mut logs = BTreeMap::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path);
        }
    }
    let Some(service) = &options.service else {
        return if logs.is_empty() { Err(Error::new("there are no logs: nothing ran here yet")) } else { Ok(logs) };
    };
    let names: Vec<&str> = logs.keys().map(String::as_str).collect();
    let unknown = Error::new(format!("there is no log of {service}; there are: {}", names.join(", ")));
    let log = logs.get(service).cloned().ok_or(unknown)?;
    Ok(BTreeMap::from([(service.clone(), log)]))
}
