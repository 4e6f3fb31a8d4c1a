//! The outbox: audit events leave the transaction that wrote them, and the database only once their sink has them.
//!
//! The sink is the log for now, under the target `audit`. The outbox is bounded: past its limit the oldest events are
//! shed, and one counted event says how many.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use contract::metrics::chassis as declared;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::clock::SharedClock;
use crate::database::{Database, DatabaseError};
use crate::metrics::Metrics;
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

/// How far the sink is behind, and what it will never get.
#[derive(Debug, Default)]
pub(crate) struct OutboxMetrics {
    age_seconds: Gauge<f64, AtomicU64>,
    shed: Counter,
}

impl OutboxMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let new = Self::default();
        metrics.register(&declared::OUTBOX_AGE, new.age_seconds.clone());
        metrics.register(&declared::OUTBOX_SHED, new.shed.clone());
        new
    }
}

/// One batch that the sink has.
#[derive(Debug)]
struct Handed {
    events: i64,
    /// When its first event was written.
    oldest: Option<OffsetDateTime>,
}

/// Hands events to their sink, for as long as the service runs.
pub(crate) async fn relay(database: Database, clock: SharedClock, events_max: i64, metrics: OutboxMetrics) {
    // Of an outbox that cannot be read any more, its oldest event grows older.
    let mut oldest = None;
    loop {
        let handed = match hand_on(&database).await {
            Ok(handed) => {
                oldest = handed.oldest;
                handed.events
            }
            Err(error) => {
                tracing::warn!(error = crate::error::chain(&error), "the outbox cannot be read");
                0
            }
        };
        let age = oldest.map_or(0.0, |oldest| (clock.now() - oldest).as_seconds_f64().max(0.0));
        metrics.age_seconds.set(age);
        if handed < BATCH_MAX {
            match shed(&database, events_max, clock.now()).await {
                Ok(events) => drop(metrics.shed.inc_by(u64::try_from(events).unwrap_or(0))),
                Err(error) => {
                    tracing::warn!(error = crate::error::chain(&error), "the outbox cannot be bounded");
                }
            }
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// Hands on one batch, in order.
async fn hand_on(database: &Database) -> Result<Handed, DatabaseError> {
    let mut transaction = database.pool().begin().await?;
    // Several replicas relay: each takes what no other holds.
    let rows =
        sqlx::query!("SELECT id, event, written_at FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", BATCH_MAX)
            .fetch_all(&mut *transaction)
            .await?;
    for row in &rows {
        tracing::info!(target: AUDIT, event = row.event, "audit");
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    sqlx::query!("DELETE FROM outbox WHERE id = ANY($1)", &ids).execute(&mut *transaction).await?;
    transaction.commit().await?;
    let events = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    Ok(Handed { events, oldest: rows.first().map(|row| row.written_at) })
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
