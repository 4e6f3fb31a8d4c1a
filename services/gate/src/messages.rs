//! The contract's routes as the domain reads them. Wire enums become closed ones here, and unknown is nothing.

use contract::gate::v1 as proto;

use crate::domain::policy::{MatchDraft, RouteDraft};
use crate::domain::route::{Bind, CallerRequirement, Combine, Mode, OnError};

/// The route of a message, unread.
pub(crate) fn draft(message: &proto::Route) -> RouteDraft {
    let matching = message.r#match.as_ref().map(|matching| match matching {
        proto::route::Match::Http(proto::HttpMatch { method, path_template }) => {
            MatchDraft::Http { method: method.clone(), path_template: path_template.clone() }
        }
        proto::route::Match::Grpc(proto::GrpcMatch { service, method }) => {
            MatchDraft::Grpc { service: service.clone(), method: method.clone() }
        }
    });
    let caller = match message.caller() {
        proto::CallerRequirement::None => Some(CallerRequirement::None),
        proto::CallerRequirement::Optional => Some(CallerRequirement::Optional),
        proto::CallerRequirement::Required => Some(CallerRequirement::Required),
        proto::CallerRequirement::Unspecified => None,
    };
    let permissions = message.permissions.iter();
    let permissions = permissions.map(|needed| (needed.resource.clone(), needed.permission.clone())).collect();
    let combine = match message.permissions_mode() {
        proto::PermissionsMode::Unspecified | proto::PermissionsMode::All => Combine::All,
        proto::PermissionsMode::Any => Combine::Any,
    };
    let mode = match message.mode() {
        proto::RouteMode::Unspecified | proto::RouteMode::Enforce => Mode::Enforce,
        proto::RouteMode::Shadow => Mode::Shadow,
    };
    let on_error = match message.on_error() {
        proto::OnError::Unspecified | proto::OnError::Deny => OnError::Deny,
        proto::OnError::Allow => OnError::Allow,
    };
    let bind = match message.bind() {
        proto::Binding::Unspecified | proto::Binding::Route => Bind::Route,
        proto::Binding::Request => Bind::Request,
    };
    RouteDraft {
        name: message.name.clone(),
        host: message.host.clone(),
        matching,
        caller,
        scope: message.scope.clone(),
        permissions,
        combine,
        audience: message.audience.clone(),
        credentials: message.credentials.iter().map(|kind| credential(*kind)).collect(),
        mode,
        on_error,
        bind,
        revocation_grace_seconds: message.revocation_grace_seconds,
    }
}

/// The kind's name in an assertion. One that is not known yet must not be taken for an absent one, which would mean every kind.
fn credential(kind: i32) -> Option<&'static str> {
    match proto::CredentialKind::try_from(kind).ok()? {
        proto::CredentialKind::Unspecified => None,
        proto::CredentialKind::ApiKey => Some("api_key"),
        proto::CredentialKind::AccessToken => Some("access_token"),
        proto::CredentialKind::ClientCertificate => Some("client_certificate"),
    }
}
