//! The contract's routes as the domain reads them. Wire enums become closed ones here, and unknown is nothing.

use contract::gate::v1 as proto;

use crate::domain::policy::{MatchDraft, RouteDraft};
use crate::domain::route::CallerRequirement;

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
    let permission = message.permission.as_ref().map(|needed| (needed.resource.clone(), needed.permission.clone()));
    RouteDraft {
        name: message.name.clone(),
        host: message.host.clone(),
        matching,
        caller,
        scope: message.scope.clone(),
        permission,
        audience: message.audience.clone(),
    }
}
