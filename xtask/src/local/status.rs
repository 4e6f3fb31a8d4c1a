//! `cargo xtask status`: what runs, and where.

use std::fmt::Write as _;
use std::fs;

use testing::{ClusterConfig, cluster, surroundings};

use super::{State, observe};
use crate::error::Result;
use crate::shell;

/// Prints a line for each part.
pub(crate) async fn run() -> Result<()> {
    let state = State::open();
    let Some(supervisor) = state.supervisor()? else {
        let mut text = "nothing is running here: `cargo xtask up` starts it\n".to_owned();
        let log = fs::read_to_string(state.own_log()).unwrap_or_default();
        if let Some(error) = log.lines().find(|line| line.starts_with("error: ")) {
            let log = state.own_log();
            writeln!(text, "the last one in the background ended with {error}\n(more in {})", log.display())?;
        }
        return shell::print(&text);
    };
    let config = state.cluster(&supervisor.settings)?;
    let ready = if supervisor.is_ready { "ready" } else { "starting" };
    let (process, folder) = (supervisor.identity.process, state.folder().display());
    let mut text = format!("{ready}, looked after by process {process}, state in {folder}\n");
    writeln!(text, "  {:<13} {:<10} {:<9} where", "part", "process", "is")?;
    for member in config.members() {
        let process = cluster::process_of(&config, member);
        let shown = process.map_or_else(|| "-".to_owned(), |process| process.to_string());
        let is = match process {
            None => "gone",
            Some(_) if cluster::is_healthy(&config, member).await => "healthy",
            Some(_) => "unwell",
        };
        writeln!(text, "  {:<13} {shown:<10} {is:<9} {}", member.name(), cluster::whereabouts(&config, member))?;
    }
    if supervisor.settings.observe {
        writeln!(text, "all of it is shown at {}", observe::address(supervisor.settings.port_base))?;
    }
    if let Some(outdated) = outdated_keys(&config).await {
        writeln!(text, "{outdated}")?;
    }
    writeln!(text, "permissions would start from {}", start_of_permissions(&config))?;
    shell::print(&text)
}

/// What a process of permissions that is started now begins with.
fn start_of_permissions(config: &ClusterConfig) -> String {
    let Some((file, written)) = cluster::newest_snapshot(config) else {
        return "the database: no file of its index is written yet".to_owned();
    };
    let age = (surroundings::now() - written).try_into().unwrap_or_default();
    format!("{}, written {} ago", file.display(), shell::spoken(age))
}

/// What of identity's lies under earlier keys; none if it does not say.
async fn outdated_keys(config: &ClusterConfig) -> Option<String> {
    let metrics = cluster::metrics_of(config, cluster::Part::Identity.into()).await.ok()?;
    let rows = |metric: &str| -> u64 {
        let of_it = metrics.lines().filter(|line| line.starts_with(&format!("bailiwick_{metric}_outdated{{")));
        of_it.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    };
    let (secrets, sealed) = (rows("secrets"), rows("sealed"));
    Some(format!("of identity {secrets} secrets lie under earlier peppers, {sealed} rows under earlier seal keys"))
}
