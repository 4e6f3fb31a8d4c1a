//! Replaces the schema of the caller's tenant.

use std::sync::Arc;

use chassis::Context;
use contract::authzed::api::v1::{WriteSchemaRequest, WriteSchemaResponse};
use contract::permissions::v1 as ours;

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::write_schema as write;

pub(crate) async fn write_schema(
    service: Arc<Permissions>,
    ctx: Context,
    request: WriteSchemaRequest,
) -> Result<WriteSchemaResponse, Error> {
    let schema = ours::WriteSchemaRequest { schema_text: request.schema };
    let answer = write::write_schema(service, ctx, schema).await?;
    Ok(WriteSchemaResponse { written_at: messages::token(answer.written_at) })
}
