//! Answers the schema in force.

use std::sync::Arc;

use chassis::Context;
use contract::authzed::api::v1::{ReadSchemaRequest, ReadSchemaResponse};
use contract::permissions::v1 as ours;

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::read_schema as read;

pub(crate) async fn read_schema(
    service: Arc<Permissions>,
    ctx: Context,
    _request: ReadSchemaRequest,
) -> Result<ReadSchemaResponse, Error> {
    let answer = read::read_schema(service, ctx, ours::ReadSchemaRequest {}).await?;
    Ok(ReadSchemaResponse { schema_text: answer.schema_text, read_at: messages::token(answer.read_at) })
}
