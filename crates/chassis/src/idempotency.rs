//! Calls with an idempotency key: the same call again answers what the first one did, and changes nothing.

use contract::Reason;
use prost::Message;
use sha2::{Digest as _, Sha256};
use time::Duration;

use crate::context::Context;
use crate::database::{Database, DatabaseError, broken_constraint};
use crate::error::{FieldInvalid, ServiceError};
use crate::unit_of_work::UnitOfWork;

/// How long a key is remembered.
const REMEMBERED: Duration = Duration::hours(24);

const KEY_CHARACTERS_MAX: usize = 64;

/// The idempotency key of one call, if it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: String,
    request_digest: Vec<u8>,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed<R> {
    /// The call is the first with its key, or has none: its unit of work goes on.
    First(UnitOfWork),
    /// Another was first, and answered this. Nothing of this one stays.
    Earlier(R),
}

/// What is wrong with an idempotency key.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// It is not of its form.
    #[error(transparent)]
    Field(#[from] FieldInvalid),
    /// It came before, with another request; or with this one, which is still under way.
    #[error("idempotency_key came before, with another request, or the call with it is still under way")]
    Reused,
    /// The database cannot tell.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl ServiceError for IdempotencyError {
    fn reason(&self) -> Reason {
        match self {
            Self::Field(error) => error.reason(),
            Self::Reused => Reason::IdempotencyKeyReused,
            Self::Database(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Field(error) => error.metadata(),
            Self::Reused | Self::Database(_) => Vec::new(),
        }
    }
}

impl IdempotencyKey {
    /// Reads the key of a request; none if the field is empty.
    ///
    /// # Errors
    /// If it is not 1 to 64 characters of `[A-Za-z0-9_-]`.
    pub fn read(key: &str, request: &impl Message) -> Result<Option<Self>, FieldInvalid> {
        if key.is_empty() {
            return Ok(None);
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if key.len() > KEY_CHARACTERS_MAX || !key.bytes().all(good) {
            return Err(FieldInvalid::new("idempotency_key", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -"));
        }
        Ok(Some(Self { key: key.to_owned(), request_digest: Sha256::digest(request.encode_to_vec()).to_vec() }))
    }

    /// What the first call with this key answered, if there was one.
    ///
    /// # Errors
    /// If that call was another, or the database cannot be reached.
    pub async fn earlier<R: Message + Default>(
        &self,
        database: &Database,
        context: &Context,
    ) -> Result<Option<R>, IdempotencyError> {
        let row = sqlx::query!(
            "SELECT request_digest, response FROM idempotency WHERE tenant = $1 AND rpc = $2 AND key = $3 AND expires_at > $4",
            tenant(context),
            context.rpc.path,
            self.key,
            context.now
        )
        .fetch_optional(database.pool())
        .await
        .map_err(DatabaseError::from)?;
        match row {
            None => Ok(None),
            Some(row) if row.request_digest != self.request_digest => Err(IdempotencyError::Reused),
            Some(row) => R::decode(row.response.as_slice()).map(Some).map_err(|_| IdempotencyError::Reused),
        }
    }

    /// Remembers the answer, before anything else in the unit of work: so that of two calls at once with the same key, the
    /// second waits here until the first is done, and then answers what it did. The answer must hold no secret.
    ///
    /// # Errors
    /// If the earlier call was another, or the database cannot be reached.
    pub async fn claim<R: Message + Default>(
        key: Option<&Self>,
        mut work: UnitOfWork,
        database: &Database,
        context: &Context,
        response: &R,
    ) -> Result<Claimed<R>, IdempotencyError> {
        let Some(key) = key else { return Ok(Claimed::First(work)) };
        match key.remember(&mut work, context, response).await {
            Ok(()) => Ok(Claimed::First(work)),
            Err(IdempotencyError::Reused) => {
                // Its connection goes back first: waiting for a second one while holding one can exhaust the pool.
                drop(work);
                let earlier = key.earlier(database, context).await?;
                earlier.map(Claimed::Earlier).ok_or(IdempotencyError::Reused)
            }
            Err(error @ (IdempotencyError::Field(_) | IdempotencyError::Database(_))) => Err(error),
        }
    }

    /// Remembers the answer, in the unit of work that it is the answer of. It must hold no secret.
    ///
    /// # Errors
    /// If another call with this key was faster, or the database cannot be reached. Then the unit of work must be dropped.
    pub async fn remember(
        &self,
        work: &mut UnitOfWork,
        context: &Context,
        response: &impl Message,
    ) -> Result<(), IdempotencyError> {
        sqlx::query!(
            "DELETE FROM idempotency WHERE tenant = $1 AND rpc = $2 AND key = $3 AND expires_at <= $4",
            tenant(context),
            context.rpc.path,
            self.key,
            context.now
        )
        .execute(work.connection())
        .await
        .map_err(DatabaseError::from)?;
        let done = sqlx::query!(
            "INSERT INTO idempotency (tenant, rpc, key, request_digest, response, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            tenant(context),
            context.rpc.path,
            self.key,
            self.request_digest,
            response.encode_to_vec(),
            context.now + REMEMBERED
        )
        .execute(work.connection())
        .await;
        match done {
            Ok(_) => Ok(()),
            Err(error) if broken_constraint(&error) == Some("idempotency_tenant_rpc_key_pkey") => {
                Err(IdempotencyError::Reused)
            }
            Err(error) => Err(DatabaseError::from(error).into()),
        }
    }
}

/// Forgets keys whose time is over, for as long as the service runs.
pub(crate) async fn forget(database: Database, clock: crate::clock::SharedClock) {
    loop {
        let forgotten =
            sqlx::query!("DELETE FROM idempotency WHERE expires_at <= $1", clock.now()).execute(database.pool()).await;
        if let Err(error) = forgotten {
            tracing::debug!(%error, "old idempotency keys could not be forgotten");
        }
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    }
}

fn tenant(context: &Context) -> &str {
    context.tenant.as_ref().map_or("", |tenant| tenant.as_str())
}
