//! A change and its audit event, in one transaction: neither is ever there without the other.

use contract::rpc::Rpc;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::postgres::PgTransaction;
use time::OffsetDateTime;

use crate::context::Context;
use crate::database::{Database, DatabaseError};
use crate::feed::Draft;
use crate::{feed, outbox};

/// A transaction that can only be committed together with its audit event. Dropped, it changes nothing.
#[derive(Debug)]
pub struct UnitOfWork {
    transaction: PgTransaction<'static>,
    database: Database,
    now: OffsetDateTime,
    feed: Vec<Draft>,
}

/// What happened, who did it, and to what: one line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEvent {
    /// What happened: `identity.user.created`.
    pub action: String,
    /// The tenant that it happened in.
    pub tenant: String,
    /// Who did it: `user:alice`, `peer:gate`, `nobody`.
    pub actor: String,
    /// The id of the credential that it was done with.
    pub credential: String,
    /// What it happened to: `user:bob`.
    pub object: String,
    /// The id of the request.
    pub request_id: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl AuditEvent {
    /// The event of the call in `context`, which happened to `object`.
    ///
    /// # Panics
    /// If the RPC's option names no audit action: then it must not change anything either.
    pub fn of(context: &Context, object: impl Into<String>) -> Self {
        let Rpc { path, audit_action, .. } = context.rpc;
        assert!(!audit_action.is_empty(), "{path} changes something, so its option must name an audit action");
        Self {
            action: (*audit_action).to_owned(),
            tenant: context.tenant.as_ref().map(ToString::to_string).unwrap_or_default(),
            actor: context.actor(),
            credential: context.subject().map(|caller| caller.credential_id.clone()).unwrap_or_default(),
            object: object.into(),
            request_id: context.request_id.as_ref().to_owned(),
            at: context.now,
        }
    }

    /// The event of something that a service does by itself.
    pub fn of_service(
        action: &str,
        service: &str,
        tenant: &str,
        object: impl Into<String>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            action: action.to_owned(),
            tenant: tenant.to_owned(),
            actor: format!("service:{service}"),
            credential: String::new(),
            object: object.into(),
            request_id: String::new(),
            at: now,
        }
    }
}

impl UnitOfWork {
    /// Begins one, at `now`.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn begin(database: &Database, now: OffsetDateTime) -> Result<Self, DatabaseError> {
        let transaction = database.pool().begin().await?;
        Ok(Self { transaction, database: database.clone(), now, feed: Vec::new() })
    }

    /// The connection to run statements on.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Adds an entry to the service's feed, to be numbered at the commit.
    pub fn publish(&mut self, entry: &impl prost::Message) {
        self.feed.push(Draft { payload: entry.encode_to_vec(), ends_at: None });
    }

    /// As [`UnitOfWork::publish`], with the time from which the entry says nothing that still matters to anyone.
    pub fn publish_until(&mut self, entry: &impl prost::Message, ends_at: OffsetDateTime) {
        self.feed.push(Draft { payload: entry.encode_to_vec(), ends_at: Some(ends_at) });
    }

    /// Makes it durable, with its event.
    ///
    /// # Errors
    /// If it could not be committed; then nothing has changed, unless the connection was lost while the answer was on its way.
    pub async fn commit(self, event: AuditEvent) -> Result<(), DatabaseError> {
        self.commit_all(&[event]).await
    }

    /// Makes several changes durable at once, with an event each.
    ///
    /// # Errors
    /// As [`UnitOfWork::commit`].
    ///
    /// # Panics
    /// If there is no event: what changes nothing that is worth one is dropped instead.
    pub async fn commit_all(mut self, events: &[AuditEvent]) -> Result<(), DatabaseError> {
        assert!(!events.is_empty(), "a change is committed together with its audit event");
        outbox::add(&mut self.transaction, events, self.now).await?;
        // The head is locked last, and so for as short as can be: it is what makes the numbers' order the commits' order.
        let published = !self.feed.is_empty();
        if published {
            feed::append(&mut self.transaction, self.feed, self.now).await?;
        }
        self.transaction.commit().await?;
        if published {
            self.database.written().notify_waiters();
        }
        Ok(())
    }
}
