//! `bailiwick route diff`: what a file would change, in the routes and in what was decided by them.

use std::collections::BTreeMap;
use std::path::Path;

use contract::gate::v1::{CandidateRoutes, Route, TestRouteResponse, TestRoutesRequest, TestedCall};
use serde_json::{Value, json};

use super::{RoutesFile, every_route, test_routes};
use crate::answer::{Answer, Human};
use crate::commands::Session;
use crate::failure::Failure;
use crate::routes_file::{ROUTES_MAX, write_match};
use crate::table::Table;

/// What becomes of a route.
#[derive(Debug)]
struct Change<'a> {
    name: &'a str,
    what: &'static str,
    route: &'a Route,
}

pub(super) async fn run(path: &Path, recorded_max: u32, session: &Session<'_>) -> Result<Answer, Failure> {
    let file = RoutesFile::read(path)?;
    let candidate = Some(CandidateRoutes { routes: file.routes() });
    let request = TestRoutesRequest { candidate, calls: Vec::new(), recorded_max };
    let tested = test_routes(request, session).await.map_err(|failure| file.place(failure))?;
    let routes_max = u32::try_from(ROUTES_MAX).expect("ten thousand is a small number");
    let (_, in_force) = every_route(routes_max, session).await?;
    let applied = file.routes();
    let changes = changes(&in_force.items, &applied);
    let decided_otherwise: Vec<&TestedCall> = tested.calls.iter().filter(|call| is_decided_otherwise(call)).collect();

    let mut table = Table::new(["CHANGE", "WHAT", "FROM", "TO"]);
    for Change { name, what, route } in &changes {
        table.row([what, name, &write_match(route), ""]);
    }
    for call in &decided_otherwise {
        let asked = call.call.clone().unwrap_or_default();
        let what = format!("{} {}{}", asked.method, asked.host, asked.path);
        table.row(["decision", &what, &outcome(call.today.as_ref()), &outcome(call.candidate.as_ref())]);
    }
    let changed: Vec<Value> =
        changes.iter().map(|change| json!({ "name": change.name, "change": change.what })).collect();
    let decisions: Vec<Value> = decided_otherwise.iter().map(|call| json_of(call)).collect();
    let json = json!({ "routes": changed, "decisions": decisions, "replayed": tested.calls.len() });
    let answer = Answer::new(&json, Human::Table(table)).denied(!changes.is_empty() || !decided_otherwise.is_empty());
    Ok(answer.note(format!("{} recorded decisions were made anew by both", tested.calls.len())))
}

fn changes<'a>(in_force: &'a [Route], applied: &'a [Route]) -> Vec<Change<'a>> {
    let by_name = |routes: &'a [Route]| -> BTreeMap<&str, &Route> {
        routes.iter().map(|route| (route.name.as_str(), route)).collect()
    };
    let (before, after) = (by_name(in_force), by_name(applied));
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let gone = gone.map(|(name, route)| Change { name, what: "removed", route });
    let come = after.iter().filter_map(|(name, route)| match before.get(name) {
        None => Some(Change { name, what: "added", route }),
        Some(other) if other == route => None,
        Some(_) => Some(Change { name, what: "changed", route }),
    });
    let mut changes: Vec<_> = gone.chain(come).collect();
    changes.sort_by_key(|change| change.name);
    changes
}

/// Another route that decides the same is no other decision.
fn is_decided_otherwise(TestedCall { today, candidate, .. }: &TestedCall) -> bool {
    let decided =
        |answer: &Option<TestRouteResponse>| answer.as_ref().map(|answer| (answer.allowed, answer.reason.clone()));
    decided(today) != decided(candidate)
}

/// In one word, or two where a route only watches.
pub(super) fn outcome(answer: Option<&TestRouteResponse>) -> String {
    match answer {
        None => "unknown".to_owned(),
        Some(answer) if answer.reason.is_empty() => "allowed".to_owned(),
        Some(answer) if answer.allowed => format!("passes, though {}", answer.reason),
        Some(answer) => format!("denied: {}", answer.reason),
    }
}

fn json_of(TestedCall { call, today, candidate, decision_id }: &TestedCall) -> Value {
    let call = call.clone().unwrap_or_default();
    json!({
        "decision_id": decision_id, "method": call.method, "host": call.host, "path": call.path,
        "today": outcome(today.as_ref()), "candidate": outcome(candidate.as_ref()),
    })
}
