//! The values that are one of a few words, as the file has them and as the contract does.

use contract::gate::v1::{Binding, CallerRequirement, CredentialKind, OnError, RouteMode};
use serde::{Deserialize, Serialize};

/// Who must be calling.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallerForm {
    None,
    Optional,
    #[default]
    Required,
}

/// Whether the route is in force.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModeForm {
    Enforce,
    Shadow,
}

/// What becomes of a call that cannot be decided.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnErrorForm {
    Deny,
    Allow,
}

/// What an assertion is good for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BindForm {
    Route,
    Request,
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CredentialForm {
    ApiKey,
    AccessToken,
    ClientCertificate,
}

impl CallerForm {
    pub(super) fn to_proto(self) -> CallerRequirement {
        match self {
            Self::None => CallerRequirement::None,
            Self::Optional => CallerRequirement::Optional,
            Self::Required => CallerRequirement::Required,
        }
    }

    /// An unknown one is shown as the strictest.
    pub(super) fn of(caller: CallerRequirement) -> Self {
        match caller {
            CallerRequirement::None => Self::None,
            CallerRequirement::Optional => Self::Optional,
            CallerRequirement::Required | CallerRequirement::Unspecified => Self::Required,
        }
    }
}

impl ModeForm {
    pub(super) fn to_proto(self) -> RouteMode {
        match self {
            Self::Enforce => RouteMode::Enforce,
            Self::Shadow => RouteMode::Shadow,
        }
    }

    pub(super) fn of(mode: RouteMode) -> Option<Self> {
        match mode {
            RouteMode::Unspecified => None,
            RouteMode::Enforce => Some(Self::Enforce),
            RouteMode::Shadow => Some(Self::Shadow),
        }
    }
}

impl OnErrorForm {
    pub(super) fn to_proto(self) -> OnError {
        match self {
            Self::Deny => OnError::Deny,
            Self::Allow => OnError::Allow,
        }
    }

    pub(super) fn of(on_error: OnError) -> Option<Self> {
        match on_error {
            OnError::Unspecified => None,
            OnError::Deny => Some(Self::Deny),
            OnError::Allow => Some(Self::Allow),
        }
    }
}

impl BindForm {
    pub(super) fn to_proto(self) -> Binding {
        match self {
            Self::Route => Binding::Route,
            Self::Request => Binding::Request,
        }
    }

    pub(super) fn of(bind: Binding) -> Option<Self> {
        match bind {
            Binding::Unspecified => None,
            Binding::Route => Some(Self::Route),
            Binding::Request => Some(Self::Request),
        }
    }
}

impl CredentialForm {
    pub(super) fn to_proto(self) -> CredentialKind {
        match self {
            Self::ApiKey => CredentialKind::ApiKey,
            Self::AccessToken => CredentialKind::AccessToken,
            Self::ClientCertificate => CredentialKind::ClientCertificate,
        }
    }

    pub(super) fn of(kind: CredentialKind) -> Option<Self> {
        match kind {
            CredentialKind::Unspecified => None,
            CredentialKind::ApiKey => Some(Self::ApiKey),
            CredentialKind::AccessToken => Some(Self::AccessToken),
            CredentialKind::ClientCertificate => Some(Self::ClientCertificate),
        }
    }
}
