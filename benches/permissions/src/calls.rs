//! One call of each kind, its answers compared with the right ones.

use bench_machine::Void;
use contract::authzed::api::v1 as authzed;
use contract::authzed::api::v1::check_bulk_permissions_pair::Response;
use contract::authzed::api::v1::check_permission_response::Permissionship;
use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use contract::permissions::v1 as ours;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::messages::{self, Freshness};
use crate::target::{Connection, Target};
use crate::workload::{Asked, Workload};

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// gRPC's health check: the nearest to an empty call on the same port.
    Health,
    /// CheckPermission of SpiceDB's contract.
    Check(Freshness),
    /// CheckBulkPermissions of SpiceDB's contract, with so many items.
    Bulk(usize),
    /// Check of our contract, with the token.
    OwnCheck,
    /// Check of our contract, as gate asks.
    GateCheck,
    /// Check of our contract, of a server that answers nothing.
    Nothing,
    /// Messages of CheckStream, with so many items.
    Stream(usize),
}

impl Kind {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Health => "empty (health)".to_owned(),
            Self::Check(Freshness::Minimal) => "check".to_owned(),
            Self::Check(Freshness::Full) => "check, fully consistent".to_owned(),
            Self::Bulk(items) => format!("bulk of {items}"),
            Self::OwnCheck => "own check".to_owned(),
            Self::GateCheck => "own check as gate".to_owned(),
            Self::Nothing => "empty check".to_owned(),
            Self::Stream(items) => format!("stream, {items} a message"),
        }
    }

    /// How many questions one call asks.
    pub(crate) fn items(self) -> usize {
        match self {
            Self::Health | Self::Check(_) | Self::OwnCheck | Self::GateCheck | Self::Nothing => 1,
            Self::Bulk(items) | Self::Stream(items) => items,
        }
    }

    /// The connections that such a call is made on.
    pub(crate) fn connections(self, target: &Target) -> &[Connection] {
        if self == Self::GateCheck { &target.as_gate } else { &target.connections }
    }

    /// Calls once, with the questions from this number on, and compares.
    pub(crate) async fn call(self, on: Connection, workload: &Workload, number: usize) -> Result<(), Void> {
        let asked = workload.from(number, self.items());
        match self {
            Self::Health => health(on).await,
            Self::Check(freshness) => check(on, asked, freshness).await,
            Self::Bulk(_) => bulk(on, asked).await,
            Self::OwnCheck | Self::GateCheck => own_check(on, asked).await,
            Self::Nothing => nothing(on, asked).await,
            Self::Stream(_) => Err("a stream is not called but fed".to_owned()),
        }
    }
}

async fn health(on: Connection) -> Result<(), Void> {
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(on).check(request).await.map(drop).map_err(failed)
}

async fn check<'a>(on: Connection, asked: impl Iterator<Item = &'a Asked>, freshness: Freshness) -> Result<(), Void> {
    let mut client = PermissionsServiceClient::new(on);
    for asked in asked {
        let request = messages::check(&asked.question, freshness);
        let answer = client.check_permission(request).await.map_err(failed)?.into_inner();
        compare(asked, answer.permissionship() == Permissionship::HasPermission)?;
    }
    Ok(())
}

async fn bulk<'a>(on: Connection, asked: impl Iterator<Item = &'a Asked>) -> Result<(), Void> {
    let asked: Vec<&Asked> = asked.collect();
    let request = authzed::CheckBulkPermissionsRequest {
        consistency: messages::consistency(Freshness::Minimal),
        items: asked.iter().map(|asked| messages::bulk_item(&asked.question)).collect(),
        with_tracing: false,
    };
    let answer = PermissionsServiceClient::new(on).check_bulk_permissions(request).await;
    let pairs = answer.map_err(failed)?.into_inner().pairs;
    same_length(pairs.len(), asked.len())?;
    for (asked, pair) in asked.into_iter().zip(pairs) {
        match pair.response {
            Some(Response::Item(item)) => compare(asked, item.permissionship() == Permissionship::HasPermission)?,
            other => return Err(format!("{:?}: {other:?}", asked.question)),
        }
    }
    Ok(())
}

async fn own_check<'a>(on: Connection, asked: impl Iterator<Item = &'a Asked>) -> Result<(), Void> {
    let mut client = PermissionServiceClient::new(on);
    for asked in asked {
        let answer = client.check(messages::own_check(&asked.question)).await.map_err(failed)?.into_inner();
        compare(asked, answer.permissionship() == ours::Permissionship::HasPermission)?;
    }
    Ok(())
}

async fn nothing<'a>(on: Connection, asked: impl Iterator<Item = &'a Asked>) -> Result<(), Void> {
    let mut client = PermissionServiceClient::new(on);
    for asked in asked {
        client.check(messages::own_check(&asked.question)).await.map_err(failed)?;
    }
    Ok(())
}

/// Compares one message of a stream with what was asked.
pub(crate) fn compare_message<'a>(
    asked: impl ExactSizeIterator<Item = &'a Asked>,
    answer: &ours::CheckStreamResponse,
) -> Result<(), Void> {
    if let Some(error) = &answer.error {
        return Err(format!("{error:?}"));
    }
    same_length(answer.results.len(), asked.len())?;
    for (asked, result) in asked.zip(&answer.results) {
        match &result.result {
            Some(ours::check_bulk_result::Result::Permissionship(answer)) => {
                compare(asked, *answer == i32::from(ours::Permissionship::HasPermission))?;
            }
            other => return Err(format!("{:?}: {other:?}", asked.question)),
        }
    }
    Ok(())
}

fn compare(asked: &Asked, is_granted: bool) -> Result<(), Void> {
    if asked.is_granted == is_granted {
        return Ok(());
    }
    Err(format!("a wrong answer: the server says {is_granted}, the engine {}: {:?}", asked.is_granted, asked.question))
}

fn same_length(answered: usize, asked: usize) -> Result<(), Void> {
    if answered == asked { Ok(()) } else { Err(format!("{asked} questions have {answered} answers")) }
}

/// Names the status without its metadata.
#[expect(clippy::needless_pass_by_value, reason = "it goes into map_err")]
pub(crate) fn failed(status: tonic::Status) -> Void {
    format!("{:?}: {}", status.code(), status.message())
}
