//! `bailiwick role`.

use clap::{Args, Subcommand, ValueEnum};
use contract::common::v1::Subject;
use contract::permissions::v1::role_service_client::RoleServiceClient;
use contract::permissions::v1::{GrantRoleRequest, ListRolesRequest, RevokeRoleRequest, Role, RoleAssignment};
use serde::Serialize;
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::table::Table;
use crate::{pages, subject_text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Gives a subject a role that the caller has too.
    Grant(AssignmentArguments),
    /// Takes a role from a subject. The last administrator stays.
    Revoke(AssignmentArguments),
    /// Lists who has which role in the tenant.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AssignmentArguments {
    role: RoleName,
    /// For example user:alice or service_account:ci.
    #[arg(value_parser = subject_text::parse)]
    subject: Subject,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Everything.
    Administrator,
    /// Change and read relationships, read the schema, ask for permissions.
    Writer,
    /// Ask for permissions.
    Checker,
    /// Read everything, change nothing.
    Auditor,
}

impl AssignmentArguments {
    fn into_proto(self) -> RoleAssignment {
        let role = match self.role {
            RoleName::Administrator => Role::Administrator,
            RoleName::Writer => Role::Writer,
            RoleName::Checker => Role::Checker,
            RoleName::Auditor => Role::Auditor,
        };
        RoleAssignment { role: role.into(), subject: Some(self.subject) }
    }
}

#[derive(Serialize)]
struct AssignmentJson {
    role: &'static str,
    subject: String,
}

impl AssignmentJson {
    fn of(assignment: &RoleAssignment) -> Self {
        let role = match assignment.role() {
            Role::Administrator => "administrator",
            Role::Writer => "writer",
            Role::Checker => "checker",
            Role::Auditor => "auditor",
            Role::Unspecified => "unknown",
        };
        Self { role, subject: subject_text::write(assignment.subject.as_ref()) }
    }
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Grant(arguments) => {
            let assignment = arguments.into_proto();
            let request = GrantRoleRequest { assignment: Some(assignment.clone()) };
            let call = async |to, request| RoleServiceClient::new(to).grant_role(request).await;
            let answer = session.gateway.call(request, call).await?;
            Ok(changed("has", &assignment, &answer.written_at))
        }
        Command::Revoke(arguments) => {
            let assignment = arguments.into_proto();
            let request = RevokeRoleRequest { assignment: Some(assignment.clone()) };
            let call = async |to, request| RoleServiceClient::new(to).revoke_role(request).await;
            let answer = session.gateway.call(request, call).await?;
            Ok(changed("has no longer", &assignment, &answer.written_at))
        }
        Command::List { list } => {
            let list = pages::follow(list.limit, async |page_size, page_token| {
                let call = async |to, request| RoleServiceClient::new(to).list_roles(request).await;
                let page = session.gateway.call(ListRolesRequest { page_size, page_token }, call).await?;
                Ok((page.assignments, page.next_page_token))
            })
            .await?;
            let assignments: Vec<_> = list.items.iter().map(AssignmentJson::of).collect();
            let table = Table::of(["ROLE", "SUBJECT"], &assignments, |assignment| {
                [assignment.role.to_owned(), assignment.subject.clone()]
            });
            let json = json!({ "assignments": assignments, "more": list.more });
            Ok(list.noted(Answer::new(&json, Human::Table(table))))
        }
    }
}

fn changed(verb: &str, assignment: &RoleAssignment, written_at: &str) -> Answer {
    let assignment = AssignmentJson::of(assignment);
    let shown = format!("{} {verb} the role {}, at {written_at}", assignment.subject, assignment.role);
    Answer::new(&json!({ "assignment": assignment, "written_at": written_at }), Human::Text(shown))
}
