//! What services stand on, against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificates;
mod connections;
mod demo;
mod feed;
mod peers;
mod unit_of_work;

use std::path::PathBuf;

use chassis::Database;
use chassis::config::DatabaseConfig;
use testing::{TestDatabase, database_for_test};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

async fn database() -> (TestDatabase, Database) {
    let test = database_for_test("chassis", &[&chassis::database::MIGRATOR]).await;
    let database = open(test.url.clone(), test.password_file.clone());
    (test, database)
}

fn open(url: String, password_file: PathBuf) -> Database {
    let config = DatabaseConfig { url, password_file: Some(password_file), connections_max: 8, acquire_ms_max: 5_000 };
    Database::open(&config).unwrap()
}

fn event(object: &str) -> chassis::AuditEvent {
    chassis::AuditEvent::of_service("test.thing.changed", "test", "acme", object, NOW)
}
