//! `bailiwick relationship`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    ReadRelationshipsRequest, Relationship, RelationshipFilter, RelationshipUpdate, WriteRelationshipsRequest,
};
use serde_json::json;

use super::Session;
use super::check::ConsistencyArguments;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::gateway::ANSWER_BYTES_MAX;
use crate::relationship_text::{self, Placed};
use crate::table::visible;
use crate::{pages, text_file};

/// The most relationships that one request changes, all or none.
const CHANGES_MAX: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes relationships, all or none; refused if one is there already.
    Create(ChangeArguments),
    /// Writes relationships, all or none, whether they are there already or not.
    Touch(ChangeArguments),
    /// Deletes relationships, all or none, whether they are there or not.
    Delete(ChangeArguments),
    /// Lists relationships.
    List(FilterArguments),
}

#[derive(Debug, Args)]
#[group(id = "given", required = true, multiple = false, args = ["relationships", "file"])]
pub(crate) struct ChangeArguments {
    /// For example document:readme#viewer@user:alice or document:readme#viewer@group:eng#member.
    relationships: Vec<String>,
    /// A file with one relationship a line, and comments after //; - for stdin.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(id = "types", required = true, multiple = true, args = ["resource_type", "subject_type"])]
pub(crate) struct FilterArguments {
    /// Only of resources of this type.
    #[arg(long, value_name = "TYPE")]
    resource_type: Option<String>,
    /// Only of the resource with this id.
    #[arg(long, value_name = "ID")]
    resource_id: Option<String>,
    /// Only with this relation.
    #[arg(long)]
    relation: Option<String>,
    /// Only with subjects of this type.
    #[arg(long, value_name = "TYPE")]
    subject_type: Option<String>,
    /// Only with the subject with this id.
    #[arg(long, value_name = "ID")]
    subject_id: Option<String>,
    /// Only with subjects that are everyone who has this relation; '' for plain subjects.
    #[arg(long, value_name = "RELATION")]
    subject_relation: Option<String>,
    #[command(flatten)]
    consistency: ConsistencyArguments,
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Create(changes) => write(Operation::Create, changes, session).await,
        Command::Touch(changes) => write(Operation::Touch, changes, session).await,
        Command::Delete(changes) => write(Operation::Delete, changes, session).await,
        Command::List(filter) => list(filter, session).await,
    }
}

async fn write(operation: Operation, changes: ChangeArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let relationships = read(&changes)?;
    if relationships.is_empty() {
        return Err(Failure::wrong_use("there are no relationships to change"));
    }
    if relationships.len() > CHANGES_MAX {
        let count = relationships.len();
        return Err(Failure::wrong_use(format!(
            "these are {count} relationships, and one request takes {CHANGES_MAX}"
        ))
        .hint("Split the file: what is in one file is changed all or not at all."));
    }
    let count = relationships.len();
    let updates = relationships
        .into_iter()
        .map(|relationship| RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) })
        .collect();
    let answer = session
        .gateway
        .call(WriteRelationshipsRequest { updates, ..Default::default() }, async |channel, request| {
            RelationshipServiceClient::new(channel).write_relationships(request).await
        })
        .await?;
    let done = match operation {
        Operation::Create => "created",
        Operation::Touch => "touched",
        Operation::Delete => "deleted",
        Operation::Unspecified => "changed",
    };
    let shown = format!("{done} {count}, at {}", answer.written_at);
    Ok(Answer::new(&json!({ "written_at": answer.written_at, "changes": count }), Human::Text(shown)))
}

fn read(changes: &ChangeArguments) -> Result<Vec<Relationship>, Failure> {
    if let Some(path) = &changes.file {
        let placed = relationship_text::parse_lines(&text_file::read(path)?)
            .map_err(|error| Failure::wrong_use(format!("{}, {error}", text_file::shown(path))).hint(FORM))?;
        return Ok(placed.into_iter().map(|Placed { relationship, .. }| relationship).collect());
    }
    let parsed = changes.relationships.iter().map(|text| relationship_text::parse(text));
    parsed.collect::<Result<_, _>>().map_err(|error| Failure::wrong_use(error.to_string()).hint(FORM))
}

const FORM: &str = "Write it like document:readme#viewer@user:alice or document:readme#viewer@group:eng#member.";

async fn list(arguments: FilterArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let filter = RelationshipFilter {
        resource_type: arguments.resource_type.unwrap_or_default(),
        resource_id: arguments.resource_id.unwrap_or_default(),
        relation: arguments.relation.unwrap_or_default(),
        subject_type: arguments.subject_type.unwrap_or_default(),
        subject_id: arguments.subject_id.unwrap_or_default(),
        subject_relation: arguments.subject_relation,
    };
    let consistency = arguments.consistency.to_proto();
    let mut read_at = String::new();
    let list = pages::follow(arguments.list.limit, async |page_size, page_token| {
        // The token pins the revision of the first page, so the others must not ask for one.
        let consistency = if page_token.is_empty() { consistency.clone() } else { None };
        let request = ReadRelationshipsRequest { consistency, filter: Some(filter.clone()), page_size, page_token };
        let page = session
            .gateway
            .call(request, async |channel, request| {
                let client = RelationshipServiceClient::new(channel);
                client.max_decoding_message_size(ANSWER_BYTES_MAX).read_relationships(request).await
            })
            .await?;
        read_at = page.read_at;
        Ok((page.relationships, page.next_page_token))
    })
    .await?;
    let texts: Vec<String> = list.items.iter().map(relationship_text::write).collect();
    // As text, so that it can be given to `relationship touch -f -` again.
    let shown = texts.iter().map(|text| visible(text) + "\n").collect();
    let json = json!({ "relationships": texts, "read_at": read_at, "more": list.more });
    let answer = list.noted(Answer::new(&json, Human::Text(shown)));
    Ok(if texts.is_empty() { answer.note("there are none") } else { answer })
}
