//! A database per test, copied from a template that is migrated once per set of migrations.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;

use super::{connect, create, exists, grant_rows, keep_roles, migrator_role, password_file, run};
use crate::error::{Doing, Result};
use crate::postgres::{self, Server};
use crate::{place, surroundings};

/// A database of one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// For the service's role: rows only.
    pub url: String,
    /// The file with the password of the service's role.
    pub password_file: PathBuf,
    /// For the role that owns the tables.
    pub migrator_url: String,
    /// The file with the password of the role that owns the tables.
    pub migrator_password_file: PathBuf,
    server: &'static Server,
    name: String,
}

/// A fresh database for the service with all migrations run, in order, on the server that all tests share.
///
/// # Panics
/// If it cannot be made: a test cannot go on without.
pub async fn database_for_test(service: &str, migrators: &[&Migrator]) -> TestDatabase {
    match TestDatabase::create(service, migrators).await {
        Ok(database) => database,
        Err(error) => panic!("no database for the test: {}", error.with_causes()),
    }
}

impl TestDatabase {
    /// A fresh database for the service with all migrations run, in order, on the server that all tests share.
    ///
    /// # Errors
    /// If it cannot be made.
    pub async fn create(service: &str, migrators: &[&Migrator]) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = postgres::join_shared().await?;
        drop_leftovers(server).await?;
        let passwords = server.folder().with_added_extension("passwords");
        let template = keep_template(server, service, migrators, &passwords).await?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = surroundings::hexadecimal(&surroundings::random::<4>());
        let name = format!("{service}_test_{}_{count}_{unique}", std::process::id());
        let mut connection = server.connect("postgres").await?;
        create(&mut connection, service, &name, Some(&template)).await?;
        connection.close().await.doing(|| "close a connection".to_owned())?;
        let migrator = migrator_role(service);
        Ok(Self {
            url: server.url(service, &name),
            password_file: password_file(&passwords, service),
            migrator_url: server.url(&migrator, &name),
            migrator_password_file: password_file(&passwords, &migrator),
            server,
            name,
        })
    }

    /// A connection as the service has it.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect(&self) -> Result<PgConnection> {
        connect(&self.url, &self.password_file).await
    }

    /// A connection as the owner of the tables has it.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect_as_migrator(&self) -> Result<PgConnection> {
        connect(&self.migrator_url, &self.migrator_password_file).await
    }

    /// A connection that may do everything, to break things with.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect_as_superuser(&self) -> Result<PgConnection> {
        self.server.connect(&self.name).await
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server, std::mem::take(&mut self.name));
        // A thread of its own, since a test's runtime cannot be waited for from within; and nobody waits for it, since a pool that is
        // just opening a connection would hold the drop up. What stays is dropped by the next run.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                if let Ok(mut connection) = server.connect("postgres").await {
                    let _ = drop_database(&mut connection, &name).await;
                }
            });
            Ok::<(), std::io::Error>(())
        });
    }
}

async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<()> {
    run(connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

/// Drops what earlier runs left: the databases whose process is gone. Once in a process.
async fn drop_leftovers(server: &Server) -> Result<()> {
    static DONE: std::sync::Once = std::sync::Once::new();
    let mut first = false;
    DONE.call_once(|| first = true);
    if !first {
        return Ok(());
    }
    let mut connection = server.connect("postgres").await?;
    let names: Vec<String> = sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE '%\\_test\\_%'")
        .fetch_all(&mut connection)
        .await
        .doing(|| "list the tests' databases".to_owned())?;
    for name in names {
        let process = name.split("_test_").nth(1).and_then(|rest| rest.split('_').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            drop_database(&mut connection, &name).await?;
        }
    }
    connection.close().await.doing(|| "close a connection".to_owned())
}

/// Makes sure that there is a migrated template, and answers its name. One process makes it, the others wait.
async fn keep_template(server: &Server, service: &str, migrators: &[&Migrator], passwords: &Path) -> Result<String> {
    let template = format!("{service}_template_{}", fingerprint(migrators));
    let _lock = place::lock_patiently(&server.folder().with_added_extension("templates.lock")).await?;
    let mut connection = server.connect("postgres").await?;
    if exists(&mut connection, "SELECT 1 FROM pg_database WHERE datistemplate AND datname = $1", &template).await? {
        return Ok(template);
    }
    keep_roles(&mut connection, service, passwords).await?;
    // Half of one may be there, from a process that was killed.
    run(&mut connection, format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)")).await?;
    create(&mut connection, service, &template, None).await?;
    let mut inside = server.connect(&template).await?;
    grant_rows(&mut inside, service).await?;
    inside.close().await.doing(|| "close a connection".to_owned())?;
    let role = migrator_role(service);
    let mut owner = connect(&server.url(&role, &template), &password_file(passwords, &role)).await?;
    for migrator in migrators {
        migrator.run(&mut owner).await?;
    }
    owner.close().await.doing(|| "close a connection".to_owned())?;
    run(&mut connection, format!("ALTER DATABASE {template} IS_TEMPLATE true")).await?;
    Ok(template)
}

fn fingerprint(migrators: &[&Migrator]) -> String {
    let mut digest = Sha256::new();
    for migration in migrators.iter().flat_map(|migrator| migrator.iter()) {
        digest.update(migration.version.to_be_bytes());
        digest.update(&migration.checksum);
    }
    surroundings::hexadecimal(&digest.finalize()[..6])
}
