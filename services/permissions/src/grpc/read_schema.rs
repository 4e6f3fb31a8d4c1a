//! Answers the schema in force.

use std::sync::Arc;

use chassis::Context;
use contract::permissions::v1::{ReadSchemaRequest, ReadSchemaResponse};

use crate::Permissions;
use crate::error::Error;
use crate::freshness::in_time;
use crate::store::schemas;

pub(crate) async fn read_schema(
    service: Arc<Permissions>,
    ctx: Context,
    _request: ReadSchemaRequest,
) -> Result<ReadSchemaResponse, Error> {
    let tenant = ctx.tenant();

    // From the database: rarely asked, and so as fresh as can be.
    let (head, schema) = in_time(&ctx, schemas::read(&service.database, tenant)).await?;

    let schema = schema.ok_or(Error::SchemaNotFound)?;

    Ok(ReadSchemaResponse { schema_text: schema.text, read_at: service.freshness.token(tenant, &head) })
}
