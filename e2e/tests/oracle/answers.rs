//! What either side answers, in one form.

use contract::authzed::api::v1::check_bulk_permissions_pair::Response;
use contract::authzed::api::v1::check_permission_response::Permissionship;
use contract::authzed::api::v1::{CheckBulkPermissionsPair, CheckPermissionResponse};
use tonic::{Code, Status};

/// That there is no answer, and why.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { code: status.code(), message: status.message().to_owned() }
    }
}

/// An answer to a question, or the refusal to give one.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Has,
    No,
    Refused(Refusal),
}

impl Outcome {
    pub(crate) fn of(answer: Result<CheckPermissionResponse, Refusal>) -> Self {
        match answer {
            Ok(answer) => Self::permissionship(answer.permissionship()),
            Err(refusal) => Self::Refused(refusal),
        }
    }

    pub(crate) fn of_pair(pair: &CheckBulkPermissionsPair) -> Self {
        match pair.response.as_ref().expect("a pair has an answer") {
            Response::Item(item) => Self::permissionship(item.permissionship()),
            Response::Error(status) => {
                Self::Refused(Refusal { code: Code::from_i32(status.code), message: status.message.clone() })
            }
        }
    }

    fn permissionship(permissionship: Permissionship) -> Self {
        match permissionship {
            Permissionship::HasPermission => Self::Has,
            Permissionship::NoPermission => Self::No,
            Permissionship::Unspecified | Permissionship::ConditionalPermission => {
                panic!("a world without caveats was answered {permissionship:?}")
            }
        }
    }

    /// Whether both are the same answer, or a refusal with the same code.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Has, Self::Has) | (Self::No, Self::No) => true,
            (Self::Refused(one), Self::Refused(other)) => one.code == other.code,
            (Self::Has | Self::No | Self::Refused(_), _) => false,
        }
    }
}

/// Whether SpiceDB gave up on the way.
pub(crate) fn is_too_deep(refusal: &Refusal) -> bool {
    matches!(refusal.code, Code::FailedPrecondition | Code::ResourceExhausted)
        && refusal.message.contains("max depth exceeded")
}

/// A status code by the name that Go and gRPC's documents have for it.
pub(crate) fn code_named(name: &str) -> Code {
    let all = (0..=16).map(Code::from_i32);
    all.into_iter().find(|code| format!("{code:?}") == name).unwrap_or(Code::Unknown)
}
