//! `bailiwick route shadow-report`.

use contract::gate::v1::route_service_client::RouteServiceClient;
use contract::gate::v1::{GetShadowReportRequest, ShadowedDenials, ShadowedRoute};
use serde_json::{Value, json};

use crate::answer::{Answer, Human};
use crate::commands::Session;
use crate::failure::Failure;
use crate::gateway::ANSWER_BYTES_MAX;
use crate::table::Table;

pub(super) async fn run(session: &Session<'_>) -> Result<Answer, Failure> {
    let report = session
        .gateway
        .call(GetShadowReportRequest {}, async |channel, request| {
            let client = RouteServiceClient::new(channel);
            client.max_decoding_message_size(ANSWER_BYTES_MAX).get_shadow_report(request).await
        })
        .await?;
    let mut table = Table::new(["ROUTE", "CALLS", "OUTCOME", "DECISIONS"]);
    for ShadowedRoute { route, allowed, denials } in &report.routes {
        table.row([route.as_str(), &allowed.to_string(), "allowed", ""]);
        for ShadowedDenials { reason, calls, decision_ids } in denials {
            table.row([route, &calls.to_string(), &format!("would be denied: {reason}"), &decision_ids.join(" ")]);
        }
    }
    let routes: Vec<Value> = report.routes.iter().map(json_of).collect();
    let json = json!({ "version": report.version, "routes": routes });
    Ok(Answer::new(&json, Human::Table(table)).note(format!(
        "seen by one replica since version {} came into force; look at a decision with bailiwick explain",
        report.version
    )))
}

fn json_of(ShadowedRoute { route, allowed, denials }: &ShadowedRoute) -> Value {
    let denials: Vec<Value> = denials
        .iter()
        .map(|denial| json!({ "reason": denial.reason, "calls": denial.calls, "decision_ids": denial.decision_ids }))
        .collect();
    json!({ "route": route, "allowed": allowed, "denials": denials })
}
