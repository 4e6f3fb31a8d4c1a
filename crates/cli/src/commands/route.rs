//! `bailiwick route`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use contract::common::v1::Subject;
use contract::gate::v1::route_service_client::RouteServiceClient;
use contract::gate::v1::{ApplyRoutesRequest, ListRoutesRequest, TestRouteRequest};
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::gateway::ANSWER_BYTES_MAX;
use crate::routes_file::{self, RouteForm, write_caller, write_match, write_permission};
use crate::table::{Table, visible};
use crate::{pages, subject_text, text_file};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replaces all routes of the tenant by those of a file, all or none.
    Apply {
        /// YAML with a list under `routes:`; - for stdin. What `route list --output json` prints under `routes` reads back.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// Refuse if another version than this is in force.
        #[arg(long, value_name = "VERSION")]
        expected_version: Option<u64>,
    },
    /// Lists the routes in force.
    List {
        #[command(flatten)]
        list: ListArguments,
    },
    /// Says what would be decided about a call, without making it: exit code 0 if allowed, 1 if not.
    Test {
        /// Without a port.
        host: String,
        /// For example GET; POST for a gRPC call.
        method: String,
        /// With its query; for a gRPC call /package.Service/Method.
        path: String,
        /// Who would be calling, with every scope, for example user:alice; nobody if absent.
        #[arg(long = "as", value_name = "SUBJECT", value_parser = subject_text::parse)]
        subject: Option<Subject>,
    },
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Apply { file, expected_version } => apply(&file, expected_version, session).await,
        Command::List { list: arguments } => list(arguments, session).await,
        Command::Test { host, method, path, subject } => {
            test(TestRouteRequest { host, method, path, subject }, session).await
        }
    }
}

async fn apply(path: &Path, expected_version: Option<u64>, session: &Session<'_>) -> Result<Answer, Failure> {
    let file = text_file::shown(path);
    let placed =
        routes_file::parse(&text_file::read(path)?).map_err(|error| Failure::wrong_use(format!("{file}: {error}")))?;
    let routes = placed.iter().map(|placed| placed.route.clone()).collect();
    let answer = session
        .gateway
        .call(ApplyRoutesRequest { routes, expected_version }, async |channel, request| {
            RouteServiceClient::new(channel).apply_routes(request).await
        })
        .await
        .map_err(|mut failure| {
            let line_of = |index: usize| placed.get(index).and_then(|placed| placed.line);
            failure.message = text_file::with_lines(&failure.message, "routes", &file, line_of);
            failure
        })?;
    let shown = format!("{} routes are in force, as version {}", placed.len(), answer.version);
    Ok(Answer::new(&json!({ "version": answer.version, "routes": placed.len() }), Human::Text(shown)))
}

async fn list(arguments: ListArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let mut version = 0;
    let list = pages::follow(arguments.limit, async |page_size, page_token| {
        let page = session
            .gateway
            .call(ListRoutesRequest { page_size, page_token }, async |channel, request| {
                RouteServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX).list_routes(request).await
            })
            .await?;
        version = page.version;
        Ok((page.routes, page.next_page_token))
    })
    .await?;
    let columns = ["NAME", "HOST", "MATCH", "CALLER", "SCOPE", "PERMISSION", "AUDIENCE"];
    let table = Table::of(columns, &list.items, |route| {
        [
            route.name.clone(),
            route.host.clone(),
            write_match(route),
            write_caller(route.caller()).to_owned(),
            route.scope.clone(),
            write_permission(route),
            route.audience.clone(),
        ]
    });
    let routes: Vec<_> = list.items.iter().map(RouteForm::of).collect();
    let json = json!({ "routes": routes, "version": version, "more": list.more });
    Ok(list.noted(Answer::new(&json, Human::Table(table))))
}

async fn test(request: TestRouteRequest, session: &Session<'_>) -> Result<Answer, Failure> {
    let answer = session
        .gateway
        .call(request, async |channel, request| RouteServiceClient::new(channel).test_route(request).await)
        .await?;
    let mut shown = if answer.allowed { "allowed".to_owned() } else { format!("denied: {}", visible(&answer.reason)) };
    shown.push_str(&match answer.route.as_str() {
        "" => "\nroute:    none matches".to_owned(),
        route => format!("\nroute:    {}", visible(route)),
    });
    if !answer.required.is_empty() {
        shown.push_str(&format!("\nrequired: {}", visible(&answer.required)));
    }
    let json = json!({
        "allowed": answer.allowed, "route": answer.route, "reason": answer.reason, "required": answer.required,
    });
    Ok(Answer::new(&json, Human::Text(shown)).denied(!answer.allowed))
}
