//! Replaces the schema of the caller's tenant.

use std::sync::Arc;

use chassis::{AuditEvent, Context, LimitExceeded, UnitOfWork};
use contract::permissions::v1::{WriteSchemaRequest, WriteSchemaResponse};
use graph::limits::TEXT_BYTES_MAX;

use super::references;
use crate::Permissions;
use crate::error::Error;
use crate::store::schemas;
use crate::store::turn::Turn;

pub(crate) async fn write_schema(
    service: Arc<Permissions>,
    ctx: Context,
    request: WriteSchemaRequest,
) -> Result<WriteSchemaResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    bounded(&request.schema_text)?;
    let new = service.evaluator.read_schema(tenant, request.schema_text).await.map_err(Error::SchemaInvalid)?;
    let text = new.to_text();
    // The canonical text is what will be read again, so it is what must fit.
    bounded(&text)?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut turn = Turn::wait(work.connection()).await?;
    let old = turn.schema(tenant, &service.index, &service.evaluator).await?;

    let unchanged = old.as_ref().is_some_and(|old| *old.schema == new);
    let kinds = old.map(|old| old.schema.orphaned_by(&new)).unwrap_or_default();
    if let Some(orphan) = schemas::find_orphan(turn.connection(), tenant, &kinds).await? {
        return Err(Error::Orphans(Box::new(orphan)));
    }

    let revision = if unchanged { turn.head() } else { turn.replace_schema(tenant, &text).await? };
    work.commit(AuditEvent::of(&ctx, format!("schema:{tenant}"))).await.map_err(Error::of_commit)?;
    service.index.wake();

    Ok(WriteSchemaResponse { written_at: service.freshness.token(tenant, &revision) })
}

fn bounded(text: &str) -> Result<(), LimitExceeded> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(LimitExceeded { limit: "schema_bytes_max", max: TEXT_BYTES_MAX as u64, given: text.len() as u64 })
}
