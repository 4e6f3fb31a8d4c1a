//! A private PostgreSQL: made by `initdb`, run by `postgres`, reached by a Unix socket alone, with passwords for everyone.
//!
//! It refuses to run as root, so root runs it as `nobody`, in folders that `nobody` can reach.

mod copies;
mod shared;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::error::{Doing, Error, Result};
use crate::place::{self, Account};
use crate::process::{self, Identity, Signal};
use crate::{parts, secrets, surroundings};

pub use shared::{join_shared, remove_shared, stop_shared};

/// The role that may do everything. Nothing but this crate uses it.
const SUPERUSER: &str = "postgres";

/// The longest a server may take to accept its first connection, after a crash included.
const START_MAX: Duration = Duration::from_secs(60);

/// Passwords here are random and long, so that making them costly to guess protects nothing: but it makes each connection cost its
/// client, which is not optimised in tests, a good part of a second, and all at once after the server was away.
const SCRAM_ITERATIONS: &str = "scram_iterations=64";

/// How a server is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What is committed survives a crash.
    Durable,
    /// Nothing survives a crash, and everything is faster: for tests.
    Fast,
}

/// The files of one server, and how it is reached.
#[derive(Clone, Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    socket_folder: PathBuf,
    account: Option<Account>,
    durability: Durability,
}

impl Server {
    /// A server whose files lie in `folder`; they are made if they are missing.
    ///
    /// # Errors
    /// If PostgreSQL is not installed and cannot be, or its files cannot be made.
    pub fn prepare(folder: &Path, durability: Durability, say: &mut dyn FnMut(&str)) -> Result<Self> {
        let server = Self {
            programs: parts::postgres(say)?,
            folder: folder.to_owned(),
            socket_folder: socket_folder(folder),
            account: Account::unprivileged()?,
            durability,
        };
        server.create_folders()?;
        server.create_data()?;
        Ok(server)
    }

    /// The command that runs the server.
    pub fn command(&self) -> Command {
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.socket_folder);
        let mut settings = vec![
            // No port that others could find: the socket alone.
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "password_encryption=scram-sha-256",
            SCRAM_ITERATIONS,
            "max_connections=300",
            "shared_buffers=256MB",
            // Loading much, a checkpoint each gigabyte of log writes more than the load itself, and commits wait for it.
            "max_wal_size=4GB",
            "wal_compression=on",
            "log_min_messages=warning",
            "timezone=UTC",
            "log_timezone=UTC",
        ];
        // A crash of the machine may lose everything then; one of the server loses nothing that it acknowledged, since what it wrote is
        // with the operating system. Commits must still wait for that, so that stories can kill it.
        if self.durability == Durability::Fast {
            settings.extend(["fsync=off", "full_page_writes=off", "autovacuum=off"]);
        }
        for setting in settings {
            command.args(["-c", setting]);
        }
        command
    }

    /// Waits until the server accepts a connection. `check` says whether it still runs.
    ///
    /// # Errors
    /// What `check` says, or that it took too long.
    pub async fn wait_until_ready(&self, mut check: impl FnMut() -> Result<()>) -> Result<()> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            let refused = match self.connect("postgres").await {
                Ok(connection) => return connection.close().await.doing(|| "close a connection".to_owned()),
                Err(refused) => refused,
            };
            check()?;
            if start.elapsed() > START_MAX {
                return Err(refused);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// A connection that may do everything.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect(&self, database: &str) -> Result<PgConnection> {
        let password = place::read_text(&self.superuser_password_file())?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .username(SUPERUSER)
            .password(&password)
            .database(database);
        options.connect().await.doing(|| format!("connect to the database {database} in {}", self.folder.display()))
    }

    /// Runs a statement as whoever may do everything.
    ///
    /// # Errors
    /// What the server says.
    pub async fn execute(&self, database: &str, statement: &str) -> Result<()> {
        let mut connection = self.connect(database).await?;
        let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
        done.map(drop).doing(|| format!("run {statement}"))
    }

    /// The first column of all rows of a query, as texts.
    ///
    /// # Errors
    /// What the server says.
    pub async fn texts(&self, database: &str, query: &str) -> Result<Vec<String>> {
        let mut connection = self.connect(database).await?;
        let rows = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await;
        rows.doing(|| format!("run {query}"))
    }

    /// The folder of the socket that it listens on.
    pub fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// The URL of a database for a role. The password is never in it.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost/{database}?host={}", self.socket_folder.display())
    }

    /// The folder of everything that belongs to this server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The running server of these files, whoever started it.
    pub fn running(&self) -> Option<Identity> {
        running(&self.folder)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn superuser_password_file(&self) -> PathBuf {
        self.folder.join("superuser.password")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn create_folders(&self) -> Result<()> {
        place::create_folder(self.folder.parent().expect("a server's folder lies in a folder"))?;
        for folder in [&self.folder, &self.socket_folder] {
            place::create_private_folder(folder)?;
            if let Some(account) = self.account {
                account.own(folder)?;
            }
        }
        // Anyone may make folders in /tmp: somebody else's could show our services a false server.
        let owner =
            fs::metadata(&self.socket_folder).doing(|| format!("look at {}", self.socket_folder.display()))?.uid();
        let wanted = self.account.map_or_else(|| nix::unistd::geteuid().as_raw(), |account| account.uid);
        if owner != wanted {
            return Err(Error::new(format!("{} belongs to somebody else: remove it", self.socket_folder.display())));
        }
        Ok(())
    }

    /// Runs `initdb`, beside the final place, so that half of a database is never taken for one.
    fn create_data(&self) -> Result<()> {
        if self.data().exists() {
            return self.check_version();
        }
        let password_file = self.superuser_password_file();
        place::remove(&password_file)?;
        secrets::keep_random(&password_file)?;
        fs::set_permissions(&password_file, Permissions::from_mode(0o600))
            .doing(|| "close the password file".to_owned())?;
        if let Some(account) = self.account {
            account.own(&password_file)?;
        }
        let beside = self.folder.join("data.new");
        place::remove(&beside)?;
        let mut initdb = self.program("initdb");
        initdb.arg("-D").arg(&beside).arg(format!("--username={SUPERUSER}")).arg("--pwfile").arg(&password_file);
        // Texts sort by their bytes, everywhere the same.
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--set", SCRAM_ITERATIONS]);
        // A crash of the machine may lose everything then; one of the server loses nothing that it acknowledged, since what it wrote is
        // with the operating system. Commits must still wait for that, so that stories can kill it.
        if self.durability == Durability::Fast {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().doing(|| "run initdb".to_owned())?;
        if !output.status.success() {
            return Err(Error::new(format!(
                "initdb failed, {}:\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            )));
        }
        fs::rename(&beside, self.data()).doing(|| format!("put {} in its place", self.data().display()))
    }

    fn check_version(&self) -> Result<()> {
        let made_by = place::read_text(&self.data().join("PG_VERSION"))?;
        let installed = self.programs.to_string_lossy().contains(&format!("postgres-{made_by}."));
        if installed || surroundings::variable("BAILIWICK_CACHE_DIR").is_some() {
            return Ok(());
        }
        Err(Error::new(format!(
            "the database in {} was made by PostgreSQL {made_by}, and another version is installed: `cargo xtask reset` starts anew",
            self.folder.display()
        )))
    }
}

/// The server that runs on the files in `folder`. PostgreSQL's working directory is its data folder, so a later process with
/// the same id is not taken for it.
pub fn running(folder: &Path) -> Option<Identity> {
    let data = folder.join("data");
    let process = fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()?;
    let works_in = fs::read_link(format!("/proc/{process}/cwd")).ok()?;
    (works_in == data.canonicalize().ok()?).then(|| Identity::of(process))?
}

/// Stops the server that runs on the files in `folder`, if there is one, without waiting for its clients.
pub fn stop(folder: &Path) -> bool {
    let Some(server) = running(folder) else { return false };
    process::stop(&server, Signal::SIGINT);
    true
}

/// Removes the files of the server in the folder, and its socket. It must not run.
///
/// # Errors
/// If something stays.
pub fn remove(folder: &Path) -> Result<()> {
    place::remove(folder)?;
    place::remove(&socket_folder(folder))
}

/// Short, since the path of a Unix socket takes 107 bytes at most.
fn socket_folder(folder: &Path) -> PathBuf {
    Path::new("/tmp").join(format!("bailiwick-{}-{}", nix::unistd::geteuid(), place::digest(folder)))
}
