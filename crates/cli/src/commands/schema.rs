//! `bailiwick schema`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use contract::permissions::v1::schema_service_client::SchemaServiceClient;
use contract::permissions::v1::{ReadSchemaRequest, WriteSchemaRequest};
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::failure::{Failure, Place};
use crate::gateway::ANSWER_BYTES_MAX;
use crate::text_file;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads a schema here, without a server, and says what is wrong with it and where.
    Validate {
        /// The schema's text; - for stdin.
        file: PathBuf,
    },
    /// Replaces the tenant's schema.
    Write {
        /// The schema's text; - for stdin.
        file: PathBuf,
    },
    /// Prints the tenant's schema.
    Read,
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Validate { file } => validate(&file),
        Command::Write { file } => write(&file, session).await,
        Command::Read => read(session).await,
    }
}

pub(crate) fn validate(path: &Path) -> Result<Answer, Failure> {
    let text = text_file::read(path)?;
    let file = text_file::shown(path);
    let schema = graph::Schema::parse(&text).map_err(|errors| {
        let count = errors.iter().count();
        let more = if errors.truncated() { ", and maybe more" } else { "" };
        let plural = if count == 1 { "error" } else { "errors" };
        let places = errors.iter().map(|error| Place {
            file: file.clone(),
            line: error.line,
            column: error.column,
            message: error.message.clone(),
            hint: error.hint.clone(),
        });
        Failure::wrong_use(format!("{file} has {count} {plural}{more}")).at(places.collect())
    })?;
    let definitions = schema.definitions().len();
    let shown = format!("{file} is a schema with {definitions} definitions");
    Ok(Answer::new(&json!({ "valid": true, "definitions": definitions }), Human::Text(shown)))
}

async fn write(path: &Path, session: &Session<'_>) -> Result<Answer, Failure> {
    let request = WriteSchemaRequest { schema_text: text_file::read(path)? };
    let answer = session
        .gateway
        .call(request, async |channel, request| SchemaServiceClient::new(channel).write_schema(request).await)
        .await?;
    let shown = format!("the schema is in force, at {}", answer.written_at);
    Ok(Answer::new(&json!({ "written_at": answer.written_at }), Human::Text(shown)))
}

async fn read(session: &Session<'_>) -> Result<Answer, Failure> {
    let answer = session
        .gateway
        .call(ReadSchemaRequest {}, async |channel, request| {
            SchemaServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX).read_schema(request).await
        })
        .await?;
    let json = json!({ "schema_text": answer.schema_text, "read_at": answer.read_at });
    Ok(Answer::new(&json, Human::Text(answer.schema_text)))
}
