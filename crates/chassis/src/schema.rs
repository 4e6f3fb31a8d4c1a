//! Whether the database has the tables that this build was made for: looked at until it has, and said why it has not.
//!
//! A newer schema is taken: the next release's migrations only add, so that both can run on it while one takes the other's place.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

use crate::database::{Database, MIGRATOR};
use crate::error::chain;
use crate::readiness::Latch;

/// How long until it is looked at again.
const PAUSE: Duration = Duration::from_millis(500);

/// PostgreSQL's code for a table that there is not.
const UNDEFINED_TABLE: &str = "42P01";

/// A migration that was made: its number, and what its text comes to.
type Made = (i64, Vec<u8>);

/// Looks at the schema, and says each reason why it does not fit once.
#[derive(Debug)]
pub(crate) struct Schema {
    database: Database,
    service: &'static str,
    own: &'static Migrator,
    said: String,
}

impl Schema {
    pub(crate) fn new(database: Database, service: &'static str, own: &'static Migrator) -> Self {
        Self { database, service, own, said: String::new() }
    }

    /// Whether it fits now.
    pub(crate) async fn fits(&mut self) -> bool {
        let problem = match problem(&self.database, &[&MIGRATOR, self.own]).await {
            Ok(None) => return true,
            Ok(Some(problem)) => format!("{problem}; run `bailiwick-{} migrate` of this version", self.service),
            Err(error) => format!("the database cannot be read: {}", chain(&error)),
        };
        if problem != self.said {
            tracing::error!(problem, "not ready: the database has not what this build needs");
            self.said = problem;
        }
        false
    }

    /// Waits until it does.
    pub(crate) async fn wait(mut self, fits: Latch) {
        while !self.fits().await {
            tokio::time::sleep(PAUSE).await;
        }
        fits.set();
    }
}

async fn problem(database: &Database, migrators: &[&Migrator]) -> Result<Option<String>, sqlx::Error> {
    for migrator in migrators {
        let question = format!("SELECT version, checksum FROM {} WHERE success", migrator.table_name);
        let made: Vec<Made> = match sqlx::query_as(AssertSqlSafe(question)).fetch_all(database.pool()).await {
            Ok(made) => made,
            Err(error) if is_of_no_table(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        if let Some(problem) = lacking(migrator, &made) {
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

fn is_of_no_table(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == UNDEFINED_TABLE)
}

/// The first migration of this build that was not made, or that was another one.
fn lacking(migrator: &Migrator, made: &[Made]) -> Option<String> {
    migrator.iter().find_map(|migration| {
        let (version, name) = (migration.version, &migration.description);
        match made.iter().find(|(made, _)| *made == version) {
            None => Some(format!("migration {version} ({name}) was not made")),
            Some((_, checksum)) if *checksum != *migration.checksum => {
                Some(format!("migration {version} ({name}) is another one than this build has"))
            }
            Some(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Vec<Made> {
        MIGRATOR.iter().map(|migration| (migration.version, migration.checksum.to_vec())).collect()
    }

    #[test]
    fn a_schema_that_is_too_old_or_another_is_told_by_its_migration() {
        assert_eq!(lacking(&MIGRATOR, &made()), None);
        assert!(lacking(&MIGRATOR, &made()[..1]).unwrap().starts_with("migration 2 (outbox) was not made"));
        let mut other = made();
        other[0].1.push(0);
        assert!(lacking(&MIGRATOR, &other).unwrap().starts_with("migration 1 (feed) is another one"));
    }

    #[test]
    fn a_schema_of_the_next_release_is_taken() {
        let mut newer = made();
        newer.push((1_000, Vec::new()));
        assert_eq!(lacking(&MIGRATOR, &newer), None);
    }
}
