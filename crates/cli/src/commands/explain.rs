//! `bailiwick explain`.

use clap::Args;
use contract::gate::v1::decision_service_client::DecisionServiceClient;
use contract::gate::v1::{Decision, ExplainDecisionRequest};
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::failure::Failure;
use crate::table::visible;
use crate::time_text;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// From the header bailiwick-decision-id or the body of a denial.
    #[arg(value_name = "DECISION_ID")]
    decision_id: String,
}

pub(crate) async fn run(arguments: Arguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let request = ExplainDecisionRequest { decision_id: arguments.decision_id };
    let answer = session
        .gateway
        .call(request, async |channel, request| DecisionServiceClient::new(channel).explain_decision(request).await)
        .await?;
    let decision = answer.decision.unwrap_or_default();
    let decided_at = time_text::from_proto(decision.decided_at.as_ref()).unwrap_or_default();
    let json = json!({
        "id": decision.id, "decided_at": decided_at, "method": decision.method, "host": decision.host,
        "path": decision.path, "route": decision.route, "version": decision.version, "caller": decision.caller,
        "required": decision.required, "passed": decision.passed, "reason": decision.reason, "detail": decision.detail,
        "checked_at": decision.checked_at,
    });
    Ok(Answer::new(&json!({ "decision": json }), Human::Text(shown(&decision, &decided_at))))
}

fn shown(decision: &Decision, decided_at: &str) -> String {
    let outcome = match (decision.passed, decision.reason.as_str()) {
        (true, "") => "allowed".to_owned(),
        (true, reason) => format!("passed, though {reason}"),
        (false, reason) => format!("denied: {reason}"),
    };
    let or = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
    let call = format!("{} {}{}", decision.method, decision.host, decision.path);
    let route = match decision.route.as_str() {
        "" => "none takes this call".to_owned(),
        // Bailiwick's own routes have no version.
        route if decision.version == 0 => route.to_owned(),
        route => format!("{route}, of version {}", decision.version),
    };
    let rows = [
        ("call:", call),
        ("at:", decided_at.to_owned()),
        ("caller:", or(&decision.caller, "unknown")),
        ("route:", route),
        ("required:", or(&decision.required, "nothing")),
        ("detail:", or(&decision.detail, "-")),
        ("state:", or(&decision.checked_at, "-")),
    ];
    let rows = rows.map(|(name, value)| format!("\n{name:<9} {}", visible(&value)));
    format!("{}{}", visible(&outcome), rows.concat())
}
