//! CPU of each kind of decision by process, asked as Envoy asks: gRPC, with the gateway's certificate.

use std::sync::Arc;
use std::time::Duration;

use bench_machine::{Measured, Spread, Void, heading, measured, memory, row};
use chassis::api_key::ApiKey;
use chassis::clock::SystemEntropy;
use clap::ValueEnum;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::arguments::Arguments;
use crate::cluster::{HOST, Known, Own};
use crate::load;
use crate::messages::{self, Call};
use crate::workload::Asked;

/// How long each kind is asked before anything counts.
const WARMING: Duration = Duration::from_millis(500);

/// A kind of decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// gRPC's health check: the nearest to an empty call on the same port.
    Health,
    /// A route that asks for nobody.
    Open,
    /// A route that asks for somebody, with a key.
    Caller,
    /// A permission that is held, with a key.
    Permission,
    /// A permission that is held, with an access token.
    Token,
    /// A permission that is missing.
    Denied,
    /// A key that nobody has, another each time.
    UnknownKey,
    /// A path that no route takes.
    NoRoute,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Health => "empty (health)",
            Self::Open => "no caller",
            Self::Caller => "key",
            Self::Permission => "key, permission",
            Self::Token => "token, permission",
            Self::Denied => "key, forbidden",
            Self::UnknownKey => "unknown key",
            Self::NoRoute => "no route",
        }
    }
}

/// Where decisions are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    known: Arc<Known>,
}

impl Desk {
    pub(crate) fn of(own: &Own) -> Self {
        Self { known: Arc::clone(&own.known) }
    }

    /// Asks once, and compares.
    pub(crate) async fn ask(&self, kind: Kind, number: usize) -> Result<(), Void> {
        let known = &self.known;
        let on = known.gate[number % known.gate.len()].clone();
        let path = |asked: &Asked| format!("/v1/documents/{}", asked.document);
        let at = |list: &[Asked]| list[number % list.len()].clone();
        match kind {
            Kind::Health => {
                let request = HealthCheckRequest { service: String::new() };
                HealthClient::new(on).check(request).await.map(drop).map_err(|status| format!("health: {status}"))
            }
            Kind::Open => decide(on, "/open", None, Code::Ok).await,
            Kind::Caller => {
                let key = &known.callers[number % known.callers.len()].key;
                decide(on, "/caller", Some(key), Code::Ok).await
            }
            Kind::Permission => {
                let asked = at(&known.granted);
                decide(on, &path(&asked), Some(&known.callers[asked.user].key), Code::Ok).await
            }
            Kind::Token => {
                let asked = at(&known.granted);
                decide(on, &path(&asked), Some(&known.callers[asked.user].token()), Code::Ok).await
            }
            Kind::Denied => {
                let asked = at(&known.denied);
                decide(on, &path(&asked), Some(&known.callers[asked.user].key), Code::PermissionDenied).await
            }
            Kind::UnknownKey => {
                let key = ApiKey::generate(&SystemEntropy);
                // While too many unknown ones are looked up, some are refused as unavailable.
                let answered = code(on, Call { host: HOST, path: "/caller", credential: Some(key.expose()) }).await?;
                if matches!(answered, Code::Unauthenticated | Code::Unavailable) {
                    Ok(())
                } else {
                    Err(format!("an unknown key: {answered:?}"))
                }
            }
            Kind::NoRoute => decide(on, "/nowhere", None, Code::PermissionDenied).await,
        }
    }
}

async fn decide(on: Channel, path: &str, credential: Option<&str>, right: Code) -> Result<(), Void> {
    let answered = code(on, Call { host: HOST, path, credential }).await?;
    if answered == right { Ok(()) } else { Err(format!("{path}: {answered:?}, not {right:?}")) }
}

/// The code of gate's answer about a call.
pub(crate) async fn code(on: Channel, call: Call<'_>) -> Result<Code, Void> {
    let answer = AuthorizationClient::new(on).check(messages::check(call)).await;
    let answer = answer.map_err(|status| format!("{}: {status}", call.path))?.into_inner();
    Ok(answer.status.map_or(Code::Unknown, |status| Code::from(status.code)))
}

/// Every kind has its turn in every round, the empty call first.
pub(crate) async fn costs(own: &Own, arguments: &Arguments) -> Result<(), Void> {
    own.renew_tokens().await?;
    let (rounds, time) = (arguments.rounds, Duration::from_secs(arguments.seconds));
    let is_wanted = |kind: &Kind| arguments.kinds.is_empty() || *kind == Kind::Health || arguments.kinds.contains(kind);
    let kinds: Vec<Kind> = Kind::value_variants().iter().copied().filter(is_wanted).collect();
    let desk = Desk::of(own);
    let ask = |kind: Kind, time| {
        let desk = desk.clone();
        load::closed(arguments.in_flight, time, move |number| {
            let desk = desk.clone();
            async move { desk.ask(kind, number).await }
        })
    };
    for kind in &kinds {
        ask(*kind, WARMING).await.map_err(|void| format!("{}: {void}", kind.name()))?;
    }
    let mut all: Vec<Vec<Measured>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (kind, runs) in kinds.iter().zip(&mut all) {
            let run = measured(&own.processes, ask(*kind, time)).await;
            runs.push(run.map_err(|void| format!("{}: {void}", kind.name()))?);
        }
    }
    println!("\ndecisions, {} in flight, {rounds} rounds; CPU in µs a decision, median (range)", arguments.in_flight);
    heading(&own.processes, &["+ empty"]);
    for (kind, runs) in kinds.iter().zip(&all) {
        let of_gate = |run: &Measured| run.cpu_microseconds.first().copied().unwrap_or(f64::NAN);
        let more = runs.iter().zip(&all[0]).map(|(run, empty)| of_gate(run) - of_gate(empty));
        row(kind.name(), runs, own.processes.len(), &[Spread::of(more)]);
    }
    memory(&own.processes)
}
