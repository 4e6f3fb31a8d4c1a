//! `bailiwick route`.

mod diff;
mod shadow_report;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use contract::common::v1::Subject;
use contract::gate::v1::route_service_client::RouteServiceClient;
use contract::gate::v1::{
    ApplyRoutesRequest, CandidateRoutes, ListRoutesRequest, Route, TestRouteRequest, TestRouteResponse,
    TestRoutesRequest, TestRoutesResponse,
};
use serde_json::{Value, json};

use super::Session;
use crate::answer::{Answer, Human};
use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::gateway::ANSWER_BYTES_MAX;
use crate::routes_file::{self, Placed, RouteForm, write_caller, write_match, write_permission};
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
        /// By the routes of this file, too, without applying them; the exit code is theirs.
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Says what a file would change, without applying it: routes, and decisions that were recorded. Exit code 0 if nothing, 1 if
    /// something.
    Diff {
        /// As for `apply`.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// How many recorded decisions are made anew, the newest first.
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=200))]
        recorded: u32,
    },
    /// Says what the routes in mode `shadow` would have denied, had they been in force.
    ShadowReport,
}

/// A file of routes, with its lines.
#[derive(Debug)]
struct RoutesFile {
    name: String,
    placed: Vec<Placed>,
}

impl RoutesFile {
    fn read(path: &Path) -> Result<Self, Failure> {
        let name = text_file::shown(path);
        let placed = routes_file::parse(&text_file::read(path)?);
        let placed = placed.map_err(|error| Failure::wrong_use(format!("{name}: {error}")))?;
        Ok(Self { name, placed })
    }

    fn routes(&self) -> Vec<Route> {
        self.placed.iter().map(|placed| placed.route.clone()).collect()
    }

    /// Puts the line next to each route that the failure is about.
    fn place(&self, mut failure: Failure) -> Failure {
        let line_of = |index: usize| self.placed.get(index).and_then(|placed| placed.line);
        failure.message = text_file::with_lines(&failure.message, "routes", &self.name, line_of);
        failure
    }
}

pub(crate) async fn run(command: Command, session: &Session<'_>) -> Result<Answer, Failure> {
    match command {
        Command::Apply { file, expected_version } => apply(&file, expected_version, session).await,
        Command::List { list: arguments } => list(arguments, session).await,
        Command::Test { host, method, path, subject, file } => {
            let call = TestRouteRequest { host, method, path, subject };
            match file {
                None => test(call, session).await,
                Some(file) => test_by(&file, call, session).await,
            }
        }
        Command::Diff { file, recorded } => diff::run(&file, recorded, session).await,
        Command::ShadowReport => shadow_report::run(session).await,
    }
}

async fn apply(path: &Path, expected_version: Option<u64>, session: &Session<'_>) -> Result<Answer, Failure> {
    let file = RoutesFile::read(path)?;
    let request = ApplyRoutesRequest { routes: file.routes(), expected_version };
    let answer = session
        .gateway
        .call(request, async |channel, request| RouteServiceClient::new(channel).apply_routes(request).await)
        .await
        .map_err(|failure| file.place(failure))?;
    let shown = format!("{} routes are in force, as version {}", file.placed.len(), answer.version);
    Ok(Answer::new(&json!({ "version": answer.version, "routes": file.placed.len() }), Human::Text(shown)))
}

/// The routes in force and their version.
async fn every_route(limit: u32, session: &Session<'_>) -> Result<(u64, pages::List<Route>), Failure> {
    let mut version = 0;
    let list = pages::follow(limit, async |page_size, page_token| {
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
    Ok((version, list))
}

async fn test_routes(request: TestRoutesRequest, session: &Session<'_>) -> Result<TestRoutesResponse, Failure> {
    let call = async |channel, request| {
        RouteServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX).test_routes(request).await
    };
    session.gateway.call(request, call).await
}

async fn list(arguments: ListArguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let (version, list) = every_route(arguments.limit, session).await?;
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
    let shown = shown(&answer);
    Ok(Answer::new(&json_of(&answer), Human::Text(shown)).denied(!answer.allowed))
}

async fn test_by(path: &Path, call: TestRouteRequest, session: &Session<'_>) -> Result<Answer, Failure> {
    let file = RoutesFile::read(path)?;
    let candidate = Some(CandidateRoutes { routes: file.routes() });
    let request = TestRoutesRequest { candidate, calls: vec![call], recorded_max: 0 };
    let tested = test_routes(request, session).await.map_err(|failure| file.place(failure))?;
    let tested = tested.calls.into_iter().next().unwrap_or_default();
    let (today, then) = (tested.today.unwrap_or_default(), tested.candidate.unwrap_or_default());
    let text = format!("today: {}\n\nby {}: {}", shown(&today), file.name, shown(&then));
    let json = json!({ "today": json_of(&today), "candidate": json_of(&then) });
    Ok(Answer::new(&json, Human::Text(text)).denied(!then.allowed))
}

fn shown(answer: &TestRouteResponse) -> String {
    let mut shown = visible(&diff::outcome(Some(answer)));
    shown.push_str(&match answer.route.as_str() {
        "" => "\nroute:    none matches".to_owned(),
        route => format!("\nroute:    {}", visible(route)),
    });
    if !answer.required.is_empty() {
        shown.push_str(&format!("\nrequired: {}", visible(&answer.required)));
    }
    shown
}

fn json_of(answer: &TestRouteResponse) -> Value {
    json!({
        "allowed": answer.allowed, "route": answer.route, "reason": answer.reason, "required": answer.required,
    })
}
