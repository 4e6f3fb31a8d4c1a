//! `bailiwick relationship`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use contract::permissions::v1::precondition::Expectation;
use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    DeleteRelationshipsRequest, Precondition, ReadRelationshipsRequest, RelationshipFilter, RelationshipUpdate,
    WriteRelationshipsRequest,
};
use serde_json::json;

use super::Session;
use super::check::ConsistencyArguments;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::filter_text::FilterText;
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
    /// Deletes what matches, all at once: at most 1,000 relationships, and none if more match.
    DeleteMatching(DeleteMatchingArguments),
    /// Lists relationships.
    List(ListingArguments),
}

#[derive(Debug, Args)]
#[group(id = "given", required = true, multiple = false, args = ["relationships", "file"])]
pub(crate) struct ChangeArguments {
    /// For example document:readme#viewer@user:alice or document:readme#viewer@group:eng#member.
    relationships: Vec<String>,
    /// A file with one relationship a line, and comments after //; - for stdin.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    expected: PreconditionArguments,
}

/// What must hold for a change to be made.
#[derive(Debug, Args)]
pub(crate) struct PreconditionArguments {
    /// Change nothing unless a relationship matches, for example document:readme#owner@user:alice, with any part left out;
    /// may be given again.
    #[arg(long, value_name = "FILTER")]
    must_exist: Vec<FilterText>,
    /// Change nothing if a relationship matches; may be given again.
    #[arg(long, value_name = "FILTER")]
    must_not_exist: Vec<FilterText>,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteMatchingArguments {
    #[command(flatten)]
    filter: FilterArguments,
    /// The most relationships to delete; 1,000 if absent.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// If more match than the limit, delete that many instead of none.
    #[arg(long)]
    allow_partial: bool,
    #[command(flatten)]
    expected: PreconditionArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ListingArguments {
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    consistency: ConsistencyArguments,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("types").args(["resource_type", "subject_type"]).required(true).multiple(true)))]
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
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Create(changes) => write(Operation::Create, changes, session).await,
        Command::Touch(changes) => write(Operation::Touch, changes, session).await,
        Command::Delete(changes) => write(Operation::Delete, changes, session).await,
        Command::DeleteMatching(arguments) => delete_matching(arguments, session).await,
        Command::List(arguments) => list(arguments, session).await,
    }
}

async fn write(operation: Operation, changes: ChangeArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let placed = read(&changes)?;
    if placed.is_empty() {
        return Err(Failure::wrong_use("there are no relationships to change"));
    }
    let count = placed.len();
    if count > CHANGES_MAX {
        return Err(Failure::wrong_use(format!(
            "these are {count} relationships, and one request takes {CHANGES_MAX}"
        ))
        .hint("Split the file: what is in one file is changed all or not at all."));
    }
    let update = |placed: &Placed| RelationshipUpdate {
        operation: operation.into(),
        relationship: Some(placed.relationship.clone()),
    };
    let updates = placed.iter().map(update).collect();
    let request = WriteRelationshipsRequest { updates, preconditions: changes.expected.into_proto() };
    let write = async |channel, request| RelationshipServiceClient::new(channel).write_relationships(request).await;
    let answer = session.gateway.call(request, write).await.map_err(|mut failure| {
        if let Some(path) = &changes.file {
            let line_of = |index: usize| placed.get(index).map(|placed| placed.line);
            failure.message = text_file::with_lines(&failure.message, "updates", &text_file::shown(path), line_of);
        }
        failure
    })?;
    let done = match operation {
        Operation::Create => "created",
        Operation::Touch => "touched",
        Operation::Delete => "deleted",
        Operation::Unspecified => "changed",
    };
    let shown = format!("{done} {count}, at {}", answer.written_at);
    Ok(Answer::new(&json!({ "written_at": answer.written_at, "changes": count }), Human::Text(shown)))
}

/// The relationships with their lines; those that are given as arguments are counted from 1 too.
fn read(changes: &ChangeArguments) -> Result<Vec<Placed>, Failure> {
    if let Some(path) = &changes.file {
        return relationship_text::parse_lines(&text_file::read(path)?)
            .map_err(|error| Failure::wrong_use(format!("{}, {error}", text_file::shown(path))).hint(FORM));
    }
    let parsed = changes
        .relationships
        .iter()
        .zip(1..)
        .map(|(text, line)| relationship_text::parse(text).map(|relationship| Placed { line, relationship }));
    parsed.collect::<Result<_, _>>().map_err(|error| Failure::wrong_use(error.to_string()).hint(FORM))
}

const FORM: &str = "Write it like document:readme#viewer@user:alice or document:readme#viewer@group:eng#member.";

async fn delete_matching(arguments: DeleteMatchingArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let request = DeleteRelationshipsRequest {
        filter: Some(arguments.filter.into_proto()),
        preconditions: arguments.expected.into_proto(),
        limit: arguments.limit.unwrap_or_default(),
        allow_partial: arguments.allow_partial,
    };
    let delete = async |channel, request| RelationshipServiceClient::new(channel).delete_relationships(request).await;
    let answer = session.gateway.call(request, delete).await?;
    let json = json!({ "deleted_at": answer.deleted_at, "deleted": answer.deleted, "partial": answer.partial });
    let shown = format!("deleted {}, at {}", answer.deleted, answer.deleted_at);
    let shown = Answer::new(&json, Human::Text(shown));
    Ok(if answer.partial { shown.note("more match: repeat it for the rest") } else { shown })
}

impl FilterArguments {
    fn into_proto(self) -> RelationshipFilter {
        RelationshipFilter {
            resource_type: self.resource_type.unwrap_or_default(),
            resource_id: self.resource_id.unwrap_or_default(),
            relation: self.relation.unwrap_or_default(),
            subject_type: self.subject_type.unwrap_or_default(),
            subject_id: self.subject_id.unwrap_or_default(),
            subject_relation: self.subject_relation,
        }
    }
}

impl PreconditionArguments {
    /// Those that must exist first, each kind in the order in which it was given.
    fn into_proto(self) -> Vec<Precondition> {
        let expect = |expectation: Expectation| {
            move |FilterText(filter)| Precondition { expectation: expectation.into(), filter: Some(filter) }
        };
        let must_exist = self.must_exist.into_iter().map(expect(Expectation::MustExist));
        must_exist.chain(self.must_not_exist.into_iter().map(expect(Expectation::MustNotExist))).collect()
    }
}

async fn list(arguments: ListingArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let filter = arguments.filter.into_proto();
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
