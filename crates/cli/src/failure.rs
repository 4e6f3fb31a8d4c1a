//! What goes wrong: what happened, why, what to do next, and how to find it again.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::arguments::Output;
use crate::table::visible;

/// The exit code of arguments, files, credentials and requests that are not as they should be.
pub(crate) const WRONG_USE: u8 = 2;

/// The exit code of a gateway or service that does not answer.
const UNAVAILABLE: u8 = 3;

/// A command that was not done.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    unavailable: bool,
    pub(crate) message: String,
    hint: Option<String>,
    places: Vec<Place>,
    refusal: Option<Box<Refusal>>,
}

/// What else the server said.
#[derive(Debug)]
struct Refusal {
    code: Code,
    /// The public reason, as `google.rpc.ErrorInfo` has it.
    reason: Option<String>,
    request_id: Option<String>,
    decision_id: Option<String>,
}

/// A place in a file, and what is wrong there.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Failure {
    /// The request itself is wrong.
    pub(crate) fn wrong_use(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Somebody does not answer.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { unavailable: true, message: message.into(), ..Self::default() }
    }

    /// The same, with what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with the places that are meant.
    pub(crate) fn at(mut self, places: Vec<Place>) -> Self {
        self.places = places;
        self
    }

    /// What a call to the gateway at `url` ended with.
    pub(crate) fn of_call(status: &Status, url: &str) -> Self {
        if let Some(cause) = unconnected(status) {
            let hint = if cause.contains("certificate") {
                "Name the PEM file of the authority that signed the gateway's certificate: --ca FILE or BAILIWICK_CA."
            } else {
                "Compare --url or BAILIWICK_URL with the gateway's address, and see whether it runs."
            };
            return Self::unavailable(format!("cannot connect to {url}: {cause}")).hint(hint);
        }
        let metadata =
            |name: &str| status.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let reason = status
            .get_details_error_info()
            .filter(|info| info.domain == contract::ERROR_DOMAIN)
            .map(|info| info.reason)
            .or_else(|| metadata(contract::header::REASON));
        let message = match status.message() {
            "" => format!("the server answered {:?} without a word", status.code()),
            message => message.to_owned(),
        };
        let request_id = status
            .get_details_request_info()
            .map(|info| info.request_id)
            .or_else(|| metadata(contract::header::REQUEST_ID));
        let decision_id = metadata(contract::header::DECISION_ID);
        Self {
            unavailable: is_outage(status.code()),
            message,
            hint: next_step(reason.as_deref(), status.code()).map(str::to_owned),
            places: Vec::new(),
            refusal: Some(Box::new(Refusal { code: status.code(), reason, request_id, decision_id })),
        }
    }

    /// Whether the outcome of a call is unknown: it may have been done.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.unavailable
    }

    pub(crate) fn exit_code(&self) -> u8 {
        if self.unavailable { UNAVAILABLE } else { WRONG_USE }
    }

    /// Prints it on stderr.
    pub(crate) fn print(&self, output: Output) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        if output.is_json() { self.print_json(&mut stderr) } else { self.print_text(&mut stderr) }
    }

    fn print_text(&self, out: &mut impl Write) -> io::Result<()> {
        for place in &self.places {
            let Place { file, line, column, message, hint } = place;
            writeln!(out, "{file}:{line}:{column}: {}", visible(message))?;
            if !hint.is_empty() {
                writeln!(out, "  hint: {}", visible(hint))?;
            }
        }
        // A message may list one thing a line; the rest of it is still only shown.
        let mut lines = self.message.lines().map(visible);
        writeln!(out, "error: {}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(out, "  {line}"))?;
        let refusal = self.refusal.as_deref();
        let refused = |field: fn(&Refusal) -> &Option<String>| refusal.and_then(|refusal| field(refusal).as_deref());
        let lines = [
            ("reason", refused(|refusal| &refusal.reason)),
            ("next", self.hint.as_deref()),
            ("request", refused(|refusal| &refusal.request_id)),
            ("decision", refused(|refusal| &refusal.decision_id)),
        ];
        for (name, text) in lines {
            if let Some(text) = text {
                writeln!(out, "  {name}: {}", visible(text))?;
            }
        }
        Ok(())
    }

    fn print_json(&self, out: &mut impl Write) -> io::Result<()> {
        let refusal = self.refusal.as_deref();
        let document = json!({"error": {
            "message": self.message,
            "code": refusal.map(|refusal| code_name(refusal.code)),
            "reason": refusal.and_then(|refusal| refusal.reason.as_ref()),
            "next": self.hint,
            "request_id": refusal.and_then(|refusal| refusal.request_id.as_ref()),
            "decision_id": refusal.and_then(|refusal| refusal.decision_id.as_ref()),
            "places": self.places,
        }});
        writeln!(out, "{document:#}")
    }
}

/// The innermost cause of a call that never reached the gateway.
fn unconnected(status: &Status) -> Option<String> {
    let mut cause = std::error::Error::source(status)?;
    let connecting = std::iter::successors(Some(cause), |error| error.source())
        .any(|error| error.is::<tonic::ConnectError>() || error.is::<tonic::transport::Error>());
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    connecting.then(|| cause.to_string())
}

/// Whether the code says that nobody answered, or that whoever answered is at fault.
fn is_outage(code: Code) -> bool {
    match code {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown
        | Code::Internal
        | Code::DataLoss => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => false,
    }
}

/// What to do next about the reasons that people meet most. Every reason has a page under `docs/reference/errors`.
fn next_step(reason: Option<&str>, code: Code) -> Option<&'static str> {
    let step = match (reason?, code) {
        ("CREDENTIAL_MISSING", _) => {
            "Set BAILIWICK_API_KEY, or store a key: bailiwick profile set NAME --api-key-file FILE."
        }
        ("CREDENTIAL_INVALID", _) => "Make a new key, or exchange the key for a new token: bailiwick key exchange.",
        ("SCOPE_MISSING", _) => "Use a key with that scope: bailiwick key create --scope SCOPE.",
        ("PERMISSION_MISSING", _) => {
            "Ask an administrator of the tenant for a role: bailiwick role list shows who has which."
        }
        ("TENANT_MISMATCH", _) => "Leave --tenant and BAILIWICK_TENANT out, or use a credential of that tenant.",
        ("HOST_NOT_OWNED", _) => "Ask a system administrator: bailiwick host assign HOST TENANT.",
        ("SCHEMA_NOT_FOUND", _) => "Write a schema: bailiwick schema write FILE.",
        ("SCHEMA_TYPE_UNKNOWN" | "SCHEMA_RELATION_UNKNOWN", _) => {
            "Compare the name with the schema: bailiwick schema read."
        }
        ("RELATIONSHIP_EXISTS", _) => "Use bailiwick relationship touch where it may exist.",
        ("OUTCOME_UNKNOWN", _) => "See whether it was made before trying again.",
        ("EXCHANGE_NEEDS_API_KEY", _) => "Call with the API key: leave --with-token out.",
        (_, Code::Unavailable) => "Try again in a moment.",
        (_, Code::DeadlineExceeded) => "Give it more time: --timeout 30s.",
        _ => return None,
    };
    Some(step)
}

/// The code as gRPC writes it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(failure: &Failure) -> String {
        let mut out = Vec::new();
        failure.print_text(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_denial_of_gate_shows_reason_and_decision() {
        let mut status = Status::permission_denied("you may not do this");
        status.metadata_mut().insert("bailiwick-reason", "PERMISSION_MISSING".parse().unwrap());
        status.metadata_mut().insert("bailiwick-decision-id", "d-1".parse().unwrap());
        let failure = Failure::of_call(&status, "https://localhost:8400");
        assert_eq!(failure.exit_code(), WRONG_USE);
        let text = text(&failure);
        assert!(text.starts_with("error: you may not do this\n  reason: PERMISSION_MISSING\n  next: "), "{text}");
        assert!(text.ends_with("  decision: d-1\n"), "{text}");
    }

    #[test]
    fn what_a_server_says_does_not_steer_the_terminal() {
        let failure = Failure::of_call(&Status::not_found("no \u{1b}[2J\nsecond"), "https://localhost:8400");
        assert_eq!(text(&failure), "error: no \u{fffd}[2J\n  second\n");
    }

    #[test]
    fn every_outage_is_unavailable_and_every_refusal_is_wrong_use() {
        for code in (1..=16).map(Code::from_i32) {
            let failure = Failure::of_call(&Status::new(code, "x"), "https://localhost:8400");
            let outage = ["CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
            let expected = if outage.contains(&code_name(code)) { UNAVAILABLE } else { WRONG_USE };
            assert_eq!(failure.exit_code(), expected, "{code:?}");
        }
    }
}
