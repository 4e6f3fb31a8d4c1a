//! `cargo xtask status`: what runs, and where.

use std::fs;

use testing::cluster;

use super::State;
use crate::error::Result;

/// Prints a line for each part.
pub(crate) async fn run() -> Result<()> {
    let state = State::open();
    let Some(supervisor) = state.supervisor()? else {
        println!("nothing is running here: `cargo xtask up` starts it");
        let log = fs::read_to_string(state.own_log()).unwrap_or_default();
        if let Some(error) = log.lines().find(|line| line.starts_with("error: ")) {
            println!("the last one in the background ended with {error}\n(more in {})", state.own_log().display());
        }
        return Ok(());
    };
    let config = state.cluster(&supervisor.settings)?;
    let ready = if supervisor.is_ready { "ready" } else { "starting" };
    println!("{ready}, looked after by process {}, state in {}", supervisor.identity.process, state.folder().display());
    println!("  {:<13} {:<10} {:<9} where", "part", "process", "is");
    for member in config.members() {
        let process = cluster::process_of(&config, member);
        let shown = process.map_or_else(|| "-".to_owned(), |process| process.to_string());
        let is = match process {
            None => "gone",
            Some(_) if cluster::is_healthy(&config, member).await => "healthy",
            Some(_) => "unwell",
        };
        println!("  {:<13} {shown:<10} {is:<9} {}", member.name(), cluster::whereabouts(&config, member));
    }
    Ok(())
}
