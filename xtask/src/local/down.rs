//! `cargo xtask down` and `cargo xtask reset`: stops everything of this checkout; throws its state away.

use testing::process::{self, Signal};
use testing::{cluster, place, postgres};

use super::State;
use crate::error::{Error, Result};
use crate::shell::say;

/// Stops the cluster, whatever its supervisor left behind, and the tests' PostgreSQL.
pub(crate) fn down() -> Result<()> {
    let state = State::open();
    let mut stopped = Vec::new();
    if let Some(supervisor) = state.supervisor()? {
        process::stop(&supervisor.identity, Signal::SIGTERM);
        stopped.push("the cluster".to_owned());
    }
    stopped.extend(stop_leftovers(&state)?);
    if postgres::stop_shared()? {
        stopped.push("the tests' PostgreSQL".to_owned());
    }
    state.forget_supervisor()?;
    if stopped.is_empty() {
        say!("nothing was running");
    } else {
        say!("stopped: {}", stopped.join(", "));
    }
    Ok(())
}

/// Stops what a supervisor left behind that was killed.
pub(super) fn stop_leftovers(state: &State) -> Result<Vec<String>> {
    let mut stopped = process::stop_leftovers(&state.folder().join("processes"))?;
    if postgres::stop(&place::postgres_folder("up")) {
        stopped.push("PostgreSQL".to_owned());
    }
    Ok(stopped)
}

/// Stops everything, and removes all state: keys, certificates, databases, logs, settings.
pub(crate) fn reset() -> Result<()> {
    down()?;
    if cluster::clear_abandoned()? > 0 || !postgres::remove_shared()? {
        return Err(Error::new("tests are running here, and would lose their databases: wait for their end"));
    }
    // For root the databases lie outside of the checkout.
    postgres::remove(&place::postgres_folder("up"))?;
    place::remove(State::open().folder())?;
    say!("the state of this checkout is gone; downloaded parts stay in the cache");
    Ok(())
}
