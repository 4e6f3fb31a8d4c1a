//! What a denied gRPC caller can read with its own libraries: `google.rpc.ErrorInfo` in the rich error model
//! (`grpc-status-details-bin`, gRFC A66). The code beside it is Envoy's, made of the HTTP status; the code in here is the same.

use std::collections::HashMap;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::domain::decision::Decision;
use crate::domain::denial::Reason;

/// Where gRPC's libraries look for it.
pub(super) const HEADER: &str = "grpc-status-details-bin";

/// Whose reasons these are: gate's closed list of denials, whatever service the call was for.
const DOMAIN: &str = "gate.bailiwick";

/// Reason and decision, as the header holds them: base64 of `google.rpc.Status`.
pub(super) fn encode(decision: &Decision, reason: Reason, http_status: u16) -> String {
    let metadata = HashMap::from([("decision_id".to_owned(), decision.id.clone())]);
    let details = ErrorDetails::with_error_info(reason.name().to_ascii_uppercase(), DOMAIN, metadata);
    let status = Status::with_error_details(code(http_status), reason.title(), details);
    let headers = status.into_http::<()>();
    let encoded = headers.headers().get(HEADER).and_then(|value| value.to_str().ok());
    encoded.unwrap_or_default().to_owned()
}

/// The code that Envoy makes of an HTTP status, so that the details do not contradict it.
fn code(http_status: u16) -> tonic::Code {
    match http_status {
        400 => tonic::Code::Internal,
        401 => tonic::Code::Unauthenticated,
        403 => tonic::Code::PermissionDenied,
        503 => tonic::Code::Unavailable,
        _ => tonic::Code::Unknown,
    }
}
