//! The parts of an answer to Envoy, each from a decision.

use std::collections::HashMap;

use contract::header;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption};
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{DeniedHttpResponse, OkHttpResponse};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{BoolValue, Struct, Value};
use envoy_types::pb::google::rpc;
use serde::Serialize;
use tonic::Code;

use super::grpc_details;
use crate::domain::decision::{Allowed, Decision, Outcome};
use crate::domain::denial::{Denial, Reason};

/// Problem details (RFC 9457).
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    reason: &'static str,
    decision_id: &'a str,
}

/// The one thing that Envoy goes by: OK lets the call pass.
pub(super) fn status(decision: &Decision) -> rpc::Status {
    let (code, message) = match &decision.outcome {
        Outcome::Allowed(_) => (Code::Ok, String::new()),
        Outcome::Denied(denial) => (codes(denial.reason).0, denial.reason.name().to_owned()),
    };
    rpc::Status { code: code.into(), message, details: Vec::new() }
}

/// What other filters and the access log may know.
pub(super) fn metadata(decision: &Decision) -> Struct {
    let text = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    let fields =
        [("decision_id", text(&decision.id)), ("route", text(&decision.route)), ("tenant", text(&decision.tenant))];
    Struct { fields: HashMap::from(fields.map(|(name, value)| (name.to_owned(), value))) }
}

/// What becomes of the request, or of its answer.
pub(super) fn http(decision: &Decision) -> HttpResponse {
    match &decision.outcome {
        Outcome::Allowed(allowed) => HttpResponse::OkResponse(pass(decision, allowed)),
        // An outage is an error to Envoy, so that its operator sees it as one; it fails closed unless they say otherwise.
        Outcome::Denied(denial) if denial.reason == Reason::Unavailable => {
            HttpResponse::ErrorResponse(refuse(decision, denial))
        }
        Outcome::Denied(denial) => HttpResponse::DeniedResponse(refuse(decision, denial)),
    }
}

fn pass(decision: &Decision, Allowed { assertion, remove, .. }: &Allowed) -> OkHttpResponse {
    OkHttpResponse {
        headers: vec![set(header::ASSERTION, assertion), set(header::DECISION_ID, &decision.id)],
        headers_to_remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        response_headers_to_add: vec![set(header::DECISION_ID, &decision.id)],
        ..OkHttpResponse::default()
    }
}

fn refuse(decision: &Decision, Denial { reason, .. }: &Denial) -> DeniedHttpResponse {
    let (_, status) = codes(*reason);
    let mut headers = vec![set(header::DECISION_ID, &decision.id), set(header::REASON, reason.name())];
    if status == 401 {
        headers.push(set("www-authenticate", "Bearer"));
    }
    let body = if decision.is_grpc {
        headers.push(set(grpc_details::HEADER, &grpc_details::encode(decision, *reason, status)));
        // Envoy makes it the grpc-message, next to the code that it makes of the HTTP status.
        format!("{} ({}, decision {})", reason.title(), reason.name(), decision.id)
    } else {
        headers.push(set("content-type", "application/problem+json"));
        problem(decision, *reason, status)
    };
    DeniedHttpResponse { status: Some(HttpStatus { code: status.into() }), headers, body }
}

fn problem(decision: &Decision, reason: Reason, status: u16) -> String {
    let problem = Problem {
        r#type: format!("urn:bailiwick:denial:{}", reason.name()),
        title: reason.title(),
        status,
        reason: reason.name(),
        decision_id: &decision.id,
    };
    serde_json::to_string(&problem).expect("texts and numbers are always JSON")
}

/// The codes of a denial: gRPC's, which is never OK, and HTTP's, of which Envoy makes gRPC's for gRPC callers: so never 404, which
/// would become UNIMPLEMENTED.
fn codes(reason: Reason) -> (Code, u16) {
    match reason {
        Reason::CredentialMissing | Reason::CredentialInvalid => (Code::Unauthenticated, 401),
        Reason::Forbidden | Reason::RouteUnknown => (Code::PermissionDenied, 403),
        Reason::RequestAmbiguous | Reason::RequestInvalid => (Code::InvalidArgument, 400),
        Reason::Unavailable => (Code::Unavailable, 503),
    }
}

/// A header in place of whatever there is by its name. Envoys of different ages go by one or the other of the two fields, and what
/// they do when neither is set has changed: beside a value of the client's, ours would be worth nothing.
fn set(name: &str, value: &str) -> HeaderValueOption {
    #[expect(deprecated, reason = "Envoys before 1.37 may go by it")]
    HeaderValueOption {
        header: Some(HeaderValue { key: name.to_owned(), value: value.to_owned(), raw_value: Vec::new() }),
        append: Some(BoolValue { value: false }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        keep_empty_value: false,
    }
}
