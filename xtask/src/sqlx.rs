//! `cargo xtask sqlx prepare|check`: the descriptions of every query, with which a build needs no database.
//!
//! The macros ask a real PostgreSQL about each query while the crate compiles. Each crate gets a database of its own for that,
//! with the chassis' migrations and its own, and asks as the service's role: a query that the service may not run fails here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::migrate::Migrator;
use testing::TestDatabase;

use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;

/// The crates with queries: their folder, and the migrations that their database has.
const CRATES: &[(&str, &str, &[&str])] = &[
    ("chassis", "crates/chassis", &["crates/chassis"]),
    ("identity", "services/identity", &["crates/chassis", "services/identity"]),
    ("permissions", "services/permissions", &["crates/chassis", "services/permissions"]),
    ("gate", "services/gate", &["crates/chassis", "services/gate"]),
];

/// Descriptions by the name of their file.
type Descriptions = BTreeMap<String, Vec<u8>>;

/// Writes the descriptions of the named crates, or of all; with `check` only says which differ.
pub(crate) async fn run(names: &[String], check: bool) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !CRATES.iter().any(|(known, ..)| known == name)) {
        let known: Vec<&str> = CRATES.iter().map(|(name, ..)| *name).collect();
        return Err(Error::new(format!("{unknown} has no queries; these crates have: {}", known.join(", "))));
    }
    let mut differing = Vec::new();
    for (name, folder, migrated) in CRATES {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let wanted = describe(name, folder, migrated).await?;
        let kept_in = tree::root().join(folder).join(".sqlx");
        let present = read(&kept_in)?;
        if wanted == present {
            say!("sqlx: {name}: {} queries, all up to date", wanted.len());
        } else if check {
            differing.push(*name);
        } else {
            write(&kept_in, &wanted)?;
            say!("sqlx: {name}: {} queries written", wanted.len());
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the descriptions of queries are not those of {}.\nRun `cargo xtask sqlx prepare` and commit the result.",
        differing.join(", ")
    )))
}

async fn describe(name: &str, folder: &str, migrated: &[&str]) -> Result<Descriptions> {
    let root = tree::root();
    let mut migrators = Vec::new();
    for migrations in migrated {
        migrators.push(migrator(&root.join(migrations)).await?);
    }
    let database = TestDatabase::create(name, &migrators.iter().collect::<Vec<_>>()).await?;
    let described = tempfile::tempdir()?;
    // Otherwise nothing would be compiled, and so nothing asked.
    let library = root.join(folder).join("src/lib.rs");
    fs::File::options().append(true).open(&library)?.set_modified(testing::surroundings::now().into())?;
    let mut cargo = Command::new(shell::cargo());
    cargo.args(["check", "--quiet", "--lib", "--package", name]).current_dir(&root);
    cargo.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", described.path());
    cargo.env(format!("{}_DATABASE_URL", name.to_uppercase()), &database.url);
    cargo.env("PGPASSWORD", testing::place::read_text(&database.password_file)?);
    shell::run(&mut cargo)?;
    read(described.path())
}

/// The migrations in a crate's folder, under the name of the table that the crate keeps its account in.
async fn migrator(folder: &Path) -> Result<Migrator> {
    let mut migrator = Migrator::new(folder.join("migrations")).await?;
    let settings: toml::Table = fs::read_to_string(folder.join("sqlx.toml"))
        .map_err(|error| Error::new(format!("{}/sqlx.toml: {error}", folder.display())))?
        .parse()?;
    let table = settings.get("migrate").and_then(|migrate| migrate.get("table-name")).and_then(toml::Value::as_str);
    if let Some(table) = table {
        migrator.dangerous_set_table_name(table.to_owned());
    }
    Ok(migrator)
}

fn read(folder: &Path) -> Result<Descriptions> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Descriptions::new()) };
    let mut descriptions = Descriptions::new();
    for entry in entries {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            descriptions.insert(name, fs::read(&path)?);
        }
    }
    Ok(descriptions)
}

fn write(folder: &Path, descriptions: &Descriptions) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in read(folder)?.keys().filter(|name| !descriptions.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, content) in descriptions {
        fs::write(folder.join(name), content)?;
    }
    Ok(())
}
