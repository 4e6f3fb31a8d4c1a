//! One database and two roles per service: the migrator owns the tables, the service only works with their rows. No role can
//! connect to another service's database.

mod test_database;

use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::error::{Doing, Error, Result};
use crate::postgres::Server;
use crate::{place, secrets};

pub use test_database::{TestDatabase, database_for_test};

/// The role that owns a service's tables.
pub fn migrator_role(service: &str) -> String {
    format!("{service}_migrator")
}

/// The file with a role's password.
pub fn password_file(folder: &Path, role: &str) -> PathBuf {
    folder.join(format!("{role}.password"))
}

/// Makes sure that the service's two roles and its database, of the same name, exist. Passwords are kept in files in
/// `passwords`.
///
/// # Errors
/// If the server refuses.
pub async fn keep_database(server: &Server, service: &str, passwords: &Path) -> Result<()> {
    let mut connection = server.connect("postgres").await?;
    keep_roles(&mut connection, service, passwords).await?;
    if !exists(&mut connection, "SELECT 1 FROM pg_database WHERE datname = $1", service).await? {
        create(&mut connection, service, service, None).await?;
    }
    connection.close().await.doing(|| "close a connection".to_owned())?;
    // Each time, since a crash may have come between.
    let mut connection = server.connect(service).await?;
    grant_rows(&mut connection, service).await?;
    connection.close().await.doing(|| "close a connection".to_owned())
}

/// A connection by a URL and the file with its password.
///
/// # Errors
/// If the server refuses it.
pub async fn connect(url: &str, password_file: &Path) -> Result<PgConnection> {
    let options = url.parse::<PgConnectOptions>().doing(|| format!("read {url}"))?;
    let options = options.password(&place::read_text(password_file)?);
    options.connect().await.doing(|| format!("connect to {url}"))
}

/// Makes sure that both roles exist, with the passwords in their files.
async fn keep_roles(connection: &mut PgConnection, service: &str, passwords: &Path) -> Result<()> {
    check_name(service)?;
    place::create_private_folder(passwords)?;
    // Otherwise every role could look into the database that is there for administration.
    run(connection, "REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC".to_owned()).await?;
    for role in [migrator_role(service), service.to_owned()] {
        let file = password_file(passwords, &role);
        secrets::keep_random(&file)?;
        let password = place::read_text(&file)?;
        let verb = if exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = $1", &role).await? {
            "ALTER"
        } else {
            "CREATE"
        };
        run(
            connection,
            format!("{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{password}'"),
        )
        .await?;
    }
    Ok(())
}

/// Creates a database of the service, empty or as a copy, that nobody but its two roles can connect to.
async fn create(connection: &mut PgConnection, service: &str, database: &str, template: Option<&str>) -> Result<()> {
    let owner = migrator_role(service);
    let template = template.unwrap_or("template0");
    run(connection, format!("CREATE DATABASE {database} OWNER {owner} TEMPLATE {template}")).await?;
    run(connection, format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC")).await?;
    run(connection, format!("GRANT CONNECT ON DATABASE {database} TO {service}")).await
}

/// Lets the service work with the rows of every table that its migrator makes from now on, and with nothing else.
async fn grant_rows(connection: &mut PgConnection, service: &str) -> Result<()> {
    let owner = migrator_role(service);
    for (what, kind) in [("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES")] {
        run(
            connection,
            format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT {what} ON {kind} TO {service}"),
        )
        .await?;
    }
    Ok(())
}

async fn exists(connection: &mut PgConnection, question: &'static str, name: &str) -> Result<bool> {
    let row = sqlx::query(question).bind(name).fetch_optional(connection).await;
    Ok(row.doing(|| format!("look for {name}"))?.is_some())
}

/// Runs a statement that takes no parameters: names are checked by [`check_name`], passwords are hexadecimal.
async fn run(connection: &mut PgConnection, statement: String) -> Result<()> {
    let verb: String = statement.split(' ').take(3).collect::<Vec<_>>().join(" ");
    connection.execute(AssertSqlSafe(statement)).await.doing(|| format!("run {verb} …"))?;
    Ok(())
}

fn check_name(service: &str) -> Result<()> {
    if !service.is_empty()
        && service.len() <= 32
        && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    {
        return Ok(());
    }
    Err(Error::new(format!("a service's name is up to 32 characters of a-z and _, not {service:?}")))
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::{Migration, MigrationType, Migrator};
    use sqlx::{Row, SqlSafeStr};

    use super::*;

    fn migrator() -> Migrator {
        let sql = "CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)";
        Migrator::with_migrations(vec![Migration::new(
            1,
            "notes".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )])
    }

    #[tokio::test]
    async fn no_role_connects_to_another_services_database() {
        let identity = database_for_test("identity", &[]).await;
        let permissions = database_for_test("permissions", &[]).await;
        for (mine, other) in [(&identity, &permissions), (&permissions, &identity)] {
            mine.connect().await.unwrap();
            mine.connect_as_migrator().await.unwrap();
            let credentials = [(&mine.url, &mine.password_file), (&mine.migrator_url, &mine.migrator_password_file)];
            for (url, password_file) in credentials {
                for foreign in [other.name(), "postgres", "template1"] {
                    let url = url.replace(&format!("/{}?", mine.name()), &format!("/{foreign}?"));
                    let error = connect(&url, password_file).await.expect_err(&url).with_causes();
                    assert!(error.contains("permission denied for database"), "{url}: {error}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_service_works_with_rows_and_its_migrator_with_tables() {
        let database = database_for_test("identity", &[&migrator()]).await;
        let mut service = database.connect().await.unwrap();
        sqlx::query("INSERT INTO note (text) VALUES ('one')").execute(&mut service).await.unwrap();
        let row = sqlx::query("UPDATE note SET text = 'two' RETURNING text").fetch_one(&mut service).await.unwrap();
        assert_eq!(row.get::<String, _>(0), "two");
        for statement in [
            "CREATE TABLE other ()",
            "DROP TABLE note",
            "TRUNCATE note",
            "ALTER TABLE note ADD other int",
            "CREATE TEMPORARY TABLE t ()",
        ] {
            assert!(sqlx::query(statement).execute(&mut service).await.is_err(), "{statement}");
        }
        let mut migrator = database.connect_as_migrator().await.unwrap();
        sqlx::query("ALTER TABLE note ADD other int").execute(&mut migrator).await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_password_is_refused() {
        let database = database_for_test("identity", &[]).await;
        let wrong = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(wrong.path(), "wrong").unwrap();
        let error = connect(&database.url, wrong.path()).await.unwrap_err().with_causes();
        assert!(error.contains("password authentication failed"), "{error}");
    }

    #[tokio::test]
    async fn databases_of_two_tests_share_nothing_and_go_with_them() {
        let migrator = migrator();
        let first = database_for_test("identity", &[&migrator]).await;
        let second = database_for_test("identity", &[&migrator]).await;
        let mut connection = first.connect().await.unwrap();
        sqlx::query("INSERT INTO note (text) VALUES ('one')").execute(&mut connection).await.unwrap();
        let rows = sqlx::query("SELECT 1 FROM note").fetch_all(&mut second.connect().await.unwrap()).await.unwrap();
        assert!(rows.is_empty());
        let name = first.name().to_owned();
        drop(first);
        let mut superuser = second.connect_as_superuser().await.unwrap();
        let began = std::time::Instant::now();
        while exists(&mut superuser, "SELECT 1 FROM pg_database WHERE datname = $1", &name).await.unwrap() {
            assert!(began.elapsed() < std::time::Duration::from_secs(10), "{name} stays");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
