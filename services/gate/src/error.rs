//! Why an operation of gate's own API fails.

use chassis::page::PageError;
use chassis::{DatabaseError, FieldInvalid, LimitExceeded, Reason, ServiceError};

use crate::domain::policy::Fault;

/// How many faults one answer shows: a gRPC status travels in headers, whose size is limited.
const FAULTS_SHOWN_MAX: usize = 20;

/// Why an operation fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Field(#[from] FieldInvalid),
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    #[error(transparent)]
    Page(#[from] PageError),
    /// Routes that cannot be put in force.
    #[error("{}", list(.0))]
    RoutesInvalid(Vec<Fault>),
    /// Routes that would be right if the tenant owned their hosts.
    #[error("{}", list(.0))]
    HostNotOwned(Vec<Fault>),
    /// The host became another's, or nobody's, while the routes were applied.
    #[error("a route's host is not a host of this tenant any more")]
    HostLost,
    #[error("the host {host} belongs to another tenant or to Bailiwick itself")]
    HostTaken { host: String },
    #[error(
        "no such decision is remembered here: it may be too old, or another replica's or tenant's; ask again to reach another replica"
    )]
    DecisionUnknown,
    #[error("version {in_force} is in force, and the request expected {expected}")]
    VersionConflict { in_force: u64, expected: u64 },
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Error {
    /// The error for these faults.
    pub(crate) fn of_faults(faults: Vec<Fault>) -> Self {
        if faults.iter().all(|fault| fault.host_not_owned) {
            Self::HostNotOwned(faults)
        } else {
            Self::RoutesInvalid(faults)
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl ServiceError for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Field(error) => error.reason(),
            Self::Limit(error) => error.reason(),
            Self::Page(error) => error.reason(),
            Self::RoutesInvalid(_) => Reason::RoutesInvalid,
            Self::HostNotOwned(_) | Self::HostLost => Reason::HostNotOwned,
            Self::HostTaken { .. } => Reason::HostTaken,
            Self::DecisionUnknown => Reason::ResourceNotFound,
            Self::VersionConflict { .. } => Reason::VersionConflict,
            Self::Database(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Field(error) => error.metadata(),
            Self::Limit(error) => error.metadata(),
            Self::Page(error) => error.metadata(),
            Self::RoutesInvalid(faults) | Self::HostNotOwned(faults) => vec![("errors", faults.len().to_string())],
            Self::VersionConflict { in_force, .. } => vec![("version", in_force.to_string())],
            Self::HostTaken { .. } | Self::HostLost | Self::DecisionUnknown | Self::Database(_) => Vec::new(),
        }
    }
}

fn list(faults: &[Fault]) -> String {
    let mut lines: Vec<String> = faults.iter().take(FAULTS_SHOWN_MAX).map(ToString::to_string).collect();
    if faults.len() > FAULTS_SHOWN_MAX {
        lines.push(format!("and {} more", faults.len() - FAULTS_SHOWN_MAX));
    }
    lines.join("\n")
}
