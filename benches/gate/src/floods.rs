//! Floods: of wrong keys beside known callers, and of distinct keys, hosts and paths in gate's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bench_machine::{Measured, Spread, Void, heading, measured, resident_kib, row};
use chassis::api_key::ApiKey;
use chassis::clock::SystemEntropy;
use http::StatusCode;
use tonic::Code;

use crate::cluster::{HOST, Known, Own};
use crate::decisions::code;
use crate::gateways::Gateway;
use crate::load;
use crate::messages::Call;
use crate::through::{Way, settle};

/// Wrong keys a second.
const WRONG_A_SECOND: u32 = 2_000;

/// Calls a second of those that gate knows.
const KNOWN_A_SECOND: u32 = 500;

/// Addresses that wrong keys come from, each on a connection of its own.
const ADDRESSES: usize = 64;

/// Distinct values of one flood.
const DISTINCT: usize = 100_000;

/// Known callers through Envoy, alone and beside wrong keys from many addresses, in turn.
pub(crate) async fn wrong_keys(own: &Own, rounds: usize, time: Duration) -> Result<(), Void> {
    let gateway = Gateway::asking_gate(own)?;
    let (known, strangers) = (Way::open(&gateway, own, 8).await?, Way::open(&gateway, own, ADDRESSES).await?);
    settle(&known).await?;
    let mut processes = vec![gateway.process.clone()];
    processes.extend(own.processes.iter().cloned());
    let (refused, undecided) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let call = || {
        let known = known.clone();
        load::open(KNOWN_A_SECOND, time, move |number| known.clone().pass(number))
    };
    let wrong = || {
        let (strangers, refused, undecided) = (strangers.clone(), Arc::clone(&refused), Arc::clone(&undecided));
        load::open(WRONG_A_SECOND, time, move |number| {
            let (strangers, refused, undecided) = (strangers.clone(), Arc::clone(&refused), Arc::clone(&undecided));
            async move {
                let key = ApiKey::generate(&SystemEntropy);
                match strangers.call(number, "/caller", key.expose()).await? {
                    StatusCode::UNAUTHORIZED => refused.fetch_add(1, Ordering::Relaxed),
                    StatusCode::SERVICE_UNAVAILABLE => undecided.fetch_add(1, Ordering::Relaxed),
                    other => return Err(format!("a wrong key: {other}")),
                };
                Ok(())
            }
        })
    };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(measured(&processes, call()).await?);
        let both = async {
            let (calls, wrong) = tokio::join!(call(), wrong());
            wrong?;
            calls
        };
        beside.push(measured(&processes, both).await?);
    }
    println!(
        "\n{KNOWN_A_SECOND} calls/s of known callers, alone and beside {WRONG_A_SECOND} wrong keys/s, none failed"
    );
    heading(&processes, &["p99 × quiet"]);
    let times = |runs: &[Measured]| {
        Spread::of(runs.iter().zip(&alone).map(|(run, alone)| run.milliseconds(0.99) / alone.milliseconds(0.99)))
    };
    row("alone", &alone, processes.len(), &[times(&alone)]);
    row("beside", &beside, processes.len(), &[times(&beside)]);
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!("wrong keys: {} refused (401), {} not decided (503)", count(&refused), count(&undecided));
    Ok(())
}

/// What a flood has distinct.
#[derive(Clone, Copy, Debug)]
enum Distinct {
    Keys,
    Hosts,
    Paths,
    Documents,
}

/// Each flood twice: what is bounded does not grow the second time.
pub(crate) async fn memory_under_floods(own: &Own, in_flight: usize) -> Result<(), Void> {
    let gate = own.processes.first().ok_or("gate does not run")?;
    println!("\ngate's resident memory in MiB, before and after {DISTINCT} distinct ones, and after as many again");
    let mut round = 0;
    for kind in [Distinct::Keys, Distinct::Hosts, Distinct::Paths, Distinct::Documents] {
        let mut resident = vec![resident_kib(gate)? / 1_024];
        for _ in 0..2 {
            let (known, first) = (Arc::clone(&own.known), round * DISTINCT);
            load::some(in_flight, DISTINCT, move |number| flood(Arc::clone(&known), kind, first + number)).await?;
            resident.push(resident_kib(gate)? / 1_024);
            round += 1;
        }
        println!("{:<10} {resident:?}", format!("{kind:?}"));
    }
    Ok(())
}

async fn flood(known: Arc<Known>, kind: Distinct, number: usize) -> Result<(), Void> {
    let on = known.gate[number % known.gate.len()].clone();
    let caller = &known.callers[number % known.callers.len()];
    let ask = |host: String, path: String, key: String| async move {
        code(on, Call { host: &host, path: &path, credential: Some(&key) }).await
    };
    let answered = match kind {
        Distinct::Keys => {
            let key = ApiKey::generate(&SystemEntropy);
            ask(HOST.to_owned(), "/caller".to_owned(), key.expose().to_owned()).await?
        }
        Distinct::Hosts => ask(format!("h{number}.example"), "/caller".to_owned(), caller.key.clone()).await?,
        Distinct::Paths => ask(HOST.to_owned(), format!("/p{number}"), caller.key.clone()).await?,
        Distinct::Documents => ask(HOST.to_owned(), format!("/v1/documents/x{number}"), caller.key.clone()).await?,
    };
    if matches!(answered, Code::Unauthenticated | Code::Unavailable | Code::PermissionDenied) {
        Ok(())
    } else {
        Err(format!("{kind:?}: {answered:?}"))
    }
}
