//! What gate adds to a call through Envoy, held against an authorizer that allows everything.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bench_machine::{Measured, Process, Spread, Void, heading, measured, row};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::ServiceExt as _;

use crate::arguments::Arguments;
use crate::cluster::{Known, Own};
use crate::gateways::Gateway;
use crate::load;

/// How long each is called before anything counts.
const WARMING: Duration = Duration::from_millis(500);

/// Connections (HTTP/2) that calls are spread over.
const CONNECTIONS: usize = 8;

/// Half of what the slower of the two bears is what both are asked for.
const LOAD_SHARE: f64 = 0.5;

/// Calls through one Envoy.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    channels: Arc<[Channel]>,
    known: Arc<Known>,
}

impl Way {
    /// Connections from so many addresses of this machine.
    pub(crate) async fn open(gateway: &Gateway, own: &Own, connections: usize) -> Result<Self, Void> {
        let mut channels = Vec::new();
        for number in 0..connections {
            let last = u8::try_from(number % 250).unwrap_or_default() + 1;
            channels.push(gateway.connect(own, Ipv4Addr::new(127, 0, 1, last)).await?);
        }
        Ok(Self { channels: channels.into(), known: Arc::clone(&own.known) })
    }

    /// A call that may pass.
    pub(crate) async fn pass(self, number: usize) -> Result<(), Void> {
        let asked = &self.known.granted[number % self.known.granted.len()];
        let (path, key) = (format!("/v1/documents/{}", asked.document), &self.known.callers[asked.user].key);
        match self.call(number, &path, key).await? {
            StatusCode::OK => Ok(()),
            other => Err(format!("{path}: {other}")),
        }
    }

    /// Any call, with its status.
    pub(crate) async fn call(&self, number: usize, path: &str, key: &str) -> Result<StatusCode, Void> {
        let request = Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty());
        let request = request.map_err(|error| error.to_string())?;
        let channel = self.channels[number % self.channels.len()].clone();
        let answer = channel.oneshot(request).await.map_err(|error| format!("{path}: {error:?}"))?;
        let (head, body) = answer.into_parts();
        body.collect().await.map_err(|error| format!("{path}: {error}"))?;
        Ok(head.status)
    }
}

/// As many calls as can be made, and calls at half that rate, in turn by each of the two.
pub(crate) async fn added(own: &Own, arguments: &Arguments) -> Result<(), Void> {
    let (in_flight, rounds, time) = (arguments.in_flight, arguments.rounds, Duration::from_secs(arguments.seconds));
    let (allowing, asking) = (Gateway::allowing_all(own)?, Gateway::asking_gate(own)?);
    let ways = [Way::open(&allowing, own, CONNECTIONS).await?, Way::open(&asking, own, CONNECTIONS).await?];
    // The Envoy that is called, its authorizer, and permissions: for each of the two the same columns.
    let accounts = [
        [allowing.process.clone()].into_iter().chain(allowing.authorizer()).chain(permissions(own)).collect::<Vec<_>>(),
        [asking.process.clone()].into_iter().chain(own.processes.iter().take(2).cloned()).collect(),
    ];
    let call = |way: &Way| {
        let way = way.clone();
        move |number| way.clone().pass(number)
    };
    for way in &ways {
        settle(way).await?;
        load::closed(in_flight, WARMING, call(way)).await?;
    }
    let mut full: [Vec<Measured>; 2] = Default::default();
    for _ in 0..rounds {
        for ((way, account), runs) in ways.iter().zip(&accounts).zip(&mut full) {
            runs.push(measured(account, load::closed(in_flight, time, call(way))).await?);
        }
    }
    println!("\nthrough Envoy, {in_flight} in flight, {rounds} rounds; CPU in µs a call, median (range)");
    print(&full);
    let slower = Spread::of(full[1].iter().map(Measured::calls_per_second)).median;
    let rate = arguments.rate.unwrap_or_else(|| rate(slower * LOAD_SHARE));
    let mut half: [Vec<Measured>; 2] = Default::default();
    for _ in 0..rounds {
        for ((way, account), runs) in ways.iter().zip(&accounts).zip(&mut half) {
            runs.push(measured(account, load::open(rate, time, call(way))).await?);
        }
    }
    println!("\nthrough Envoy, {rate} calls/s; latency from when each was due");
    print(&half);
    for share in [0.5, 0.99] {
        let pairs = half[1].iter().zip(&half[0]);
        let more = Spread::of(pairs.map(|(gate, all)| gate.milliseconds(share) - all.milliseconds(share)));
        println!("gate adds to p{:.0}: {more} ms", share * 100.0);
    }
    Ok(())
}

/// Permissions is idle while everything is allowed.
fn permissions(own: &Own) -> impl Iterator<Item = Process> {
    own.processes.get(1).cloned().into_iter()
}

/// Until Envoy has found its authorizer.
pub(crate) async fn settle(way: &Way) -> Result<(), Void> {
    let mut tries = 0;
    while let Err(void) = way.clone().pass(tries).await {
        tries += 1;
        if tries > 100 {
            return Err(void);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn print([allowing, asking]: &[Vec<Measured>; 2]) {
    let names = ["envoy", "authorizer", "permissions"].map(|name| Process { name: name.to_owned(), id: 0 });
    heading(&names, &["+ allow-all"]);
    for (name, runs) in [("allow-all", allowing), ("gate", asking)] {
        let all = |run: &Measured| run.cpu_microseconds.iter().take(names.len()).sum::<f64>();
        let more = Spread::of(runs.iter().zip(allowing).map(|(run, base)| all(run) - all(base)));
        row(name, runs, names.len(), &[more]);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
fn rate(calls_per_second: f64) -> u32 {
    calls_per_second.max(1.0) as u32
}
