//! Copies of a database, with PostgreSQL's own tools, as an operator makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{SUPERUSER, Server};
use crate::error::{Doing, Error, Result};
use crate::place;

impl Server {
    /// Writes a copy of a database, as of one moment, into the server's folder, and answers where.
    ///
    /// # Errors
    /// What `pg_dump` says.
    pub fn dump(&self, database: &str) -> Result<PathBuf> {
        let file = self.folder.join(format!("{database}.dump"));
        place::remove(&file)?;
        let mut dump = self.tool("pg_dump")?;
        run(dump.args(["--format=custom", "--dbname", database, "--file"]).arg(&file))?;
        Ok(file)
    }

    /// Puts a copy in the place of what is in the database, all or nothing. Nobody may use the database meanwhile.
    ///
    /// # Errors
    /// What `pg_restore` says.
    pub fn restore(&self, database: &str, copy: &Path) -> Result<()> {
        let mut restore = self.tool("pg_restore")?;
        restore.args(["--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--dbname", database]);
        run(restore.arg(copy))
    }

    fn tool(&self, name: &str) -> Result<Command> {
        let password = place::read_text(&self.superuser_password_file())?;
        let mut tool = self.program(name);
        tool.env("PGPASSWORD", password).arg("--host").arg(&self.socket_folder).args(["--username", SUPERUSER]);
        Ok(tool)
    }
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_owned();
    let output = command.output().doing(|| format!("run {}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{} failed, {}:\n{}", program.display(), output.status, said.trim_end())))
}
