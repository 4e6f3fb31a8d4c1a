//! How an error becomes an answer: its reason decides the status, here and nowhere else.

use std::time::Duration;

use contract::{ERROR_DOMAIN, Reason};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

/// An error of a service's operation.
///
/// Its text is shown to the caller, except for [`Reason::Internal`] and [`Reason::DatabaseUnavailable`], whose causes are
/// for the log alone. It must hold no secret and nothing that the caller may not know.
pub trait ServiceError: std::error::Error + Send + Sync + 'static {
    /// The public reason.
    fn reason(&self) -> Reason;

    /// What the reason's page says that the metadata names.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The name of the reason in a contract that is not ours, for an adapter that speaks one. None: ours.
    fn foreign_reason(&self) -> Option<ForeignReason> {
        None
    }
}

/// A reason as `google.rpc.ErrorInfo` carries it in a contract that is not ours. The status code stays that of the [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignReason {
    /// Whose reason it is.
    pub domain: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// The answer to a call that failed.
pub fn to_status(error: &dyn ServiceError, request_id: &str) -> Status {
    let reason = error.reason();
    let text = match hidden(reason) {
        Some(text) => {
            tracing::error!(reason = reason.name(), error = chain(error), "call failed");
            text.to_owned()
        }
        None => error.to_string(),
    };
    let info = error.foreign_reason().unwrap_or_else(|| own(reason));
    with_info(info, reason, text, error.metadata(), request_id)
}

/// The answer with this reason and text.
pub fn status(reason: Reason, text: String, metadata: Vec<(&'static str, String)>, request_id: &str) -> Status {
    with_info(own(reason), reason, text, metadata, request_id)
}

fn own(reason: Reason) -> ForeignReason {
    ForeignReason { domain: ERROR_DOMAIN, name: reason.name() }
}

fn with_info(
    info: ForeignReason,
    reason: Reason,
    text: String,
    metadata: Vec<(&'static str, String)>,
    request_id: &str,
) -> Status {
    let metadata: std::collections::HashMap<String, String> =
        metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut details = ErrorDetails::with_error_info(info.name, info.domain, metadata);
    if !request_id.is_empty() {
        details.set_request_info(request_id, "");
    }
    if let Some(pause) = retry_after(reason) {
        details.set_retry_info(Some(pause));
    }
    Status::with_error_details(reason.code(), text, details)
}

/// The reason in an answer of ours, if it has one that is known here.
pub fn reason_of(status: &Status) -> Option<Reason> {
    let info = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN)?;
    reason_named(&info.reason)
}

/// The reason of this name, as it stands in an answer; none if it is none of ours.
pub fn reason_named(name: &str) -> Option<Reason> {
    Reason::ALL.iter().copied().find(|reason| reason.name() == name)
}

/// How long a caller should wait at least before it asks again (`google.rpc.RetryInfo`), if waiting helps.
fn retry_after(reason: Reason) -> Option<Duration> {
    if reason == Reason::Overloaded {
        // A while of the limit that refused it.
        Some(Duration::from_millis(250))
    } else if reason == Reason::NotReady {
        Some(Duration::from_secs(1))
    } else {
        None
    }
}

/// What a caller is told in place of the error's own text.
fn hidden(reason: Reason) -> Option<&'static str> {
    if reason == Reason::Internal {
        Some("the service made a mistake; its log has the details under the request id")
    } else if reason == Reason::DatabaseUnavailable {
        Some("the service cannot reach its database just now")
    } else {
        None
    }
}

/// The error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A field of a request that is missing or not of its form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldInvalid {
    /// The field's path in the request, for example `updates[3].relationship.relation`.
    pub field: String,
    /// What is wrong, and what its form is.
    pub problem: String,
}

impl FieldInvalid {
    /// The field at this path has this problem.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl ServiceError for FieldInvalid {
    fn reason(&self) -> Reason {
        Reason::FieldInvalid
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("field", self.field.clone())]
    }
}

/// A request that holds more than a limit allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} is {max}, and the request has {given}")]
pub struct LimitExceeded {
    /// The limit's name, as in the configuration or the documentation.
    pub limit: &'static str,
    /// The limit.
    pub max: u64,
    /// What the request has.
    pub given: u64,
}

impl ServiceError for LimitExceeded {
    fn reason(&self) -> Reason {
        Reason::LimitExceeded
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("limit", self.limit.to_owned()), ("max", self.max.to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("password is hunter2")]
    struct Broken;

    impl ServiceError for Broken {
        fn reason(&self) -> Reason {
            Reason::Internal
        }
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let status = to_status(&Broken, "r1");
        assert_eq!(status.code(), tonic::Code::Internal);
        assert!(!status.message().contains("hunter2"));
    }

    #[test]
    fn who_is_refused_for_a_moment_is_told_how_long_to_wait_and_nobody_else() {
        let pause = |reason| status(reason, String::new(), Vec::new(), "r1").get_details_retry_info();
        let overloaded = pause(Reason::Overloaded).and_then(|info| info.retry_delay);
        assert_eq!(overloaded, Some(Duration::from_millis(250)));
        assert!(pause(Reason::NotReady).is_some() && pause(Reason::PermissionMissing).is_none());
    }

    #[test]
    fn a_reason_decides_the_code_and_stands_in_error_info() {
        let status = to_status(&FieldInvalid::new("page_size", "must be at most 1000"), "r1");
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        let info = status.get_details_error_info().expect("an error carries its info");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("FIELD_INVALID", "bailiwick"));
        assert_eq!(info.metadata.get("field").map(String::as_str), Some("page_size"));
    }
}
