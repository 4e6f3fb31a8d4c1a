//! One server for all tests of a checkout: the first test that needs it starts it, the others join.
//!
//! `cargo test` runs many processes one after the other, none of which is the last. So a watchdog runs the server, and stops
//! it once no process has held the lock `users.lock` for five minutes; `cargo xtask test` stops it at its end.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tokio::sync::OnceCell;

use super::{Durability, Server};
use crate::error::{Doing, Error, Result};
use crate::place::{self, Account};
use crate::process;

/// How long the server waits for its next user.
const IDLE_SECONDS_MAX: &str = "300";

const WATCHDOG: &str = include_str!("watchdog.sh");

/// The server of this process, once joined, until the process ends.
static JOINED: OnceCell<Server> = OnceCell::const_new();

/// The lock that says that this process uses the server. It is given back when the process ends.
static IN_USE: OnceLock<File> = OnceLock::new();

/// The server that all tests of this checkout share; started if it does not run.
///
/// # Errors
/// If it cannot be started.
pub async fn join_shared() -> Result<&'static Server> {
    JOINED.get_or_try_init(join).await
}

/// Stops the shared server, if it runs and nobody uses it, and says whether it did. One that is used stops by itself later.
///
/// # Errors
/// If its locks cannot be opened.
pub fn stop_shared() -> Result<bool> {
    let folder = folder();
    if super::running(&folder).is_none() {
        return Ok(false);
    }
    let users = place::open_lock(&beside(&folder, "users.lock"))?;
    // Held until it has stopped, so that nobody joins meanwhile.
    Ok(users.try_lock().is_ok() && super::stop(&folder))
}

/// Stops the shared server and removes its files, unless somebody uses it; says whether it is gone.
///
/// # Errors
/// If its files cannot be removed.
pub fn remove_shared() -> Result<bool> {
    let folder = folder();
    if !folder.exists() {
        return Ok(true);
    }
    let users = place::open_lock(&beside(&folder, "users.lock"))?;
    if users.try_lock().is_err() {
        return Ok(false);
    }
    super::stop(&folder);
    super::remove(&folder)?;
    place::remove(&beside(&folder, "passwords"))?;
    Ok(true)
}

fn folder() -> PathBuf {
    place::postgres_folder("tests")
}

/// The locks lie beside the folder, which is thrown away before each start.
fn beside(folder: &Path, name: &str) -> PathBuf {
    folder.with_added_extension(name)
}

async fn join() -> Result<Server> {
    let folder = &folder();
    let mut say = |line: &str| eprintln!("{line}");
    place::create_folder(folder.parent().expect("a server's folder lies in a folder"))?;
    let users = beside(folder, "users.lock");
    let in_use = place::open_lock(&users)?;
    in_use.lock_shared().doing(|| format!("lock {}", users.display()))?;
    let starting = place::lock_patiently(&beside(folder, "start.lock")).await?;
    let server = if super::running(folder).is_some() {
        let server = Server::prepare(folder, Durability::Fast, &mut say)?;
        server.wait_until_ready(|| Ok(())).await?;
        server
    } else {
        place::remove(folder)?;
        let server = Server::prepare(folder, Durability::Fast, &mut say)?;
        start(&server, &users).await?;
        server
    };
    drop(starting);
    IN_USE.get_or_init(|| in_use);
    Ok(server)
}

async fn start(server: &Server, users: &Path) -> Result<()> {
    // The watchdog runs as the server does, and must be able to open the lock.
    std::fs::set_permissions(users, std::fs::Permissions::from_mode(0o666))
        .doing(|| format!("open {} to all", users.display()))?;
    let log = server.folder().join("server.log");
    let output = File::create(&log).doing(|| format!("create {}", log.display()))?;
    let errors = output.try_clone().doing(|| format!("open {}", log.display()))?;
    let postgres = server.command();
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(users).arg(IDLE_SECONDS_MAX);
    watchdog.arg(postgres.get_program()).args(postgres.get_args()).current_dir(server.folder());
    watchdog.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
    if let Some(account) = Account::unprivileged()? {
        watchdog.uid(account.uid).gid(account.gid);
    }
    let mut child = watchdog.spawn().doing(|| "start the shared PostgreSQL".to_owned())?;
    server
        .wait_until_ready(|| match child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(Error::new(format!(
                "the shared PostgreSQL did not start. The last lines of {}:\n{}",
                log.display(),
                process::last_lines(&log)
            ))),
        })
        .await
}
