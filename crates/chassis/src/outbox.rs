//! The outbox: audit events leave the transaction that wrote them, and the database only once their sink has them.
//!
//! The sink is the log for now, under the target `audit`. The outbox is bounded: past its limit the oldest events are
//! shed, and one counted event says how many.

use std::time::Duration;

use serde::Serialize;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::clock::SharedClock;
use crate::database::{Database, DatabaseError};
use crate::unit_of_work::AuditEvent;

/// The log target of audit events.
pub(crate) const AUDIT: &str = "audit";

/// How many events are handed on at once.
const BATCH_MAX: i64 = 500;

/// How long the relay sleeps when there is nothing to hand on.
const IDLE: Duration = Duration::from_millis(500);

/// The action of the event that stands for those that were shed.
const GAP_ACTION: &str = "audit.events.shed";

#[derive(Debug, Serialize)]
struct Gap<'a> {
    action: &'a str,
    events: i64,
}

/// Adds events, in their order, within the transaction that they are about.
pub(crate) async fn add(
    connection: &mut PgConnection,
    events: &[AuditEvent],
    now: OffsetDateTime,
) -> Result<(), DatabaseError> {
    let text = |event| serde_json::to_string(event).expect("an event is made of text and a time");
    let texts: Vec<String> = events.iter().map(text).collect();
    sqlx::query!(
        "INSERT INTO outbox (event, written_at)
         SELECT event, $2 FROM unnest($1::text[]) WITH ORDINALITY AS entry (event, place) ORDER BY place",
        &texts,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Hands events to their sink, for as long as the service runs.
pub(crate) async fn relay(database: Database, clock: SharedClock, events_max: i64) {
    loop {
        let handed = match hand_on(&database).await {
            Ok(handed) => handed,
            Err(error) => {
                tracing::warn!(error = crate::error::chain(&error), "the outbox cannot be read");
                0
            }
        };
        if handed < BATCH_MAX {
            if let Err(error) = shed(&database, events_max, clock.now()).await {
                tracing::warn!(error = crate::error::chain(&error), "the outbox cannot be bounded");
            }
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// Hands on one batch, in order; answers how many events it had.
async fn hand_on(database: &Database) -> Result<i64, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    // Several replicas relay: each takes what no other holds.
    let rows = sqlx::query!("SELECT id, event FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", BATCH_MAX)
        .fetch_all(&mut *transaction)
        .await?;
    for row in &rows {
        tracing::info!(target: AUDIT, event = row.event, "audit");
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    sqlx::query!("DELETE FROM outbox WHERE id = ANY($1)", &ids).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Sheds the oldest events past the limit, and leaves one in their place that counts them; answers how many events it counts.
///
/// # Errors
/// If the database cannot be reached.
pub async fn shed(database: &Database, events_max: i64, now: OffsetDateTime) -> Result<i64, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    let oldest_kept = sqlx::query_scalar!("SELECT id FROM outbox ORDER BY id DESC OFFSET $1 LIMIT 1", events_max - 1)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(oldest_kept) = oldest_kept else { return Ok(0) };
    let rows = sqlx::query_scalar!("DELETE FROM outbox WHERE id < $1 RETURNING event", oldest_kept)
        .fetch_all(&mut *transaction)
        .await?;
    // The gap of an earlier time alone is no reason to make another: dropped, the transaction changes nothing.
    if rows.iter().all(|event| shed_before(event).is_some()) {
        return Ok(0);
    }
    let events = rows.iter().map(|event| shed_before(event).unwrap_or(1)).sum();
    let gap = serde_json::to_string(&Gap { action: GAP_ACTION, events }).expect("a gap is text and a number");
    // It takes the place of the newest event that it stands for, so that the order tells where the gap is.
    sqlx::query!(
        "INSERT INTO outbox (id, event, written_at) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3)",
        oldest_kept - 1,
        gap,
        now
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    tracing::error!(events, "the outbox is full: the oldest audit events were shed");
    Ok(events)
}

/// How many events an earlier gap stands for.
fn shed_before(event: &str) -> Option<i64> {
    let event: serde_json::Value = serde_json::from_str(event).ok()?;
    if event.get("action")?.as_str()? == GAP_ACTION { event.get("events")?.as_i64() } else { None }
}
