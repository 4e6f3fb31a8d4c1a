//! Why a call is denied: the coarse reason that its caller sees, and the detail that only the log sees.

use std::fmt;

/// The coarse reason of a denial. A closed list: it is also a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// Somebody must be calling, and nobody says who.
    CredentialMissing,
    /// The credential that is shown is of no use.
    CredentialInvalid,
    /// Not this caller. Another's tenant, a missing scope, a missing permission and an unknown object all look like this.
    Forbidden,
    /// No route takes the call.
    RouteUnknown,
    /// The call could be read in two ways, so that gate and the upstream might read different ones.
    RequestAmbiguous,
    /// Something that the caller asked of the decision cannot be had, such as a consistency token that is of no use.
    RequestInvalid,
    /// It cannot be decided now.
    Unavailable,
}

impl Reason {
    /// Its name on the wire, in logs and in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CredentialMissing => "credential_missing",
            Self::CredentialInvalid => "credential_invalid",
            Self::Forbidden => "forbidden",
            Self::RouteUnknown => "route_unknown",
            Self::RequestAmbiguous => "request_ambiguous",
            Self::RequestInvalid => "request_invalid",
            Self::Unavailable => "unavailable",
        }
    }

    /// What a caller is told: the same sentence for everyone.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CredentialMissing => "The call shows no credential, and it needs one.",
            Self::CredentialInvalid => "The credential is not valid.",
            Self::Forbidden => "The caller may not do this.",
            Self::RouteUnknown => "No route takes this call.",
            Self::RequestAmbiguous => "The call can be read in two ways, and is refused for that.",
            Self::RequestInvalid => "The consistency token cannot be used here: ask without it.",
            Self::Unavailable => "It cannot be decided now. Try again with growing pauses.",
        }
    }
}

/// A denial: what the caller is told, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) reason: Reason,
    /// For the log alone. Holds no secret.
    pub(crate) detail: String,
}

impl Denial {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn ambiguous(detail: impl Into<String>) -> Self {
        Self::new(Reason::RequestAmbiguous, detail)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason.name(), self.detail)
    }
}
