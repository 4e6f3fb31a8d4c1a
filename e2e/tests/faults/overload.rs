//! Three times as many calls as a permissions can answer, at its own port, whether or not it answers (an open loop): it refuses early
//! and says when to come again, and goes on answering as many as it can, in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf as _, BufMut as _, Bytes};
use contract::permissions::v1::role_service_client::RoleServiceClient;
use contract::permissions::v1::{CheckBulkItem, CheckBulkRequest, ListRolesRequest, ObjectReference, SubjectReference};
use e2e::World;
use http::uri::PathAndQuery;
use prost::Message as _;
use testing::Part;
use testing::cluster::{is_healthy, process_of};
use testing::sample::Gateway;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Questions of a call: enough that a call costs the service more than its caller, few enough to be answered on the spot. Calls that
/// ask more wait for threads that give way, of which each tenant has its share: they hold up no others.
const QUESTIONS: usize = 96;

/// Connections that calls are made over.
const CONNECTIONS: usize = 8;

/// Callers in the closed loop that finds out how many calls there can be.
const CALLERS: usize = 16;

const MEASURED_FOR: Duration = Duration::from_secs(4);
const OVERLOADED_FOR: Duration = Duration::from_secs(10);
const TIMES: f64 = 3.0;

/// How long a call that was let in may take, but for one in a hundred.
const P99_MAX: Duration = Duration::from_secs(3);

/// How much more memory the process may take than before.
const MEMORY_MIB_MAX: u64 = 256;

/// The path of the RPC that is called.
const PATH: &str = "/bailiwick.permissions.v1.PermissionService/CheckBulk";

/// The call's message as it is sent.
fn message() -> Bytes {
    let object = |object_type: &str, object_id: &str| ObjectReference {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
    };
    let item = CheckBulkItem {
        resource: Some(object("document", "roadmap")),
        permission: "view".to_owned(),
        subject: Some(SubjectReference { object: Some(object("user", "alice")), relation: String::new() }),
    };
    CheckBulkRequest { items: vec![item; QUESTIONS], ..CheckBulkRequest::default() }.encode_to_vec().into()
}

/// Sends messages as they are, and looks at no answer: callers are to cost as little as they can.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}

async fn call(line: &Gateway, token: &str, message: Bytes) -> (Duration, Result<(), Status>) {
    let began = Instant::now();
    let request = line.request(message, Some(token)).unwrap();
    let mut client = Grpc::new(line.channel());
    client.ready().await.unwrap();
    let answer = client.unary(request, PathAndQuery::from_static(PATH), Raw).await;
    (began.elapsed(), answer.map(drop))
}

/// How many calls a second are answered when each caller waits for its answer.
async fn capacity(lines: &[Gateway], token: &str) -> f64 {
    let (began, mut callers) = (Instant::now(), JoinSet::new());
    for caller in 0..CALLERS {
        let (line, token, message) = (lines[caller % lines.len()].clone(), token.to_owned(), message());
        callers.spawn(async move {
            let mut answered = 0_u32;
            while began.elapsed() < MEASURED_FOR {
                call(&line, &token, message.clone()).await.1.unwrap();
                answered += 1;
            }
            answered
        });
    }
    let answered: u32 = callers.join_all().await.into_iter().sum();
    f64::from(answered) / began.elapsed().as_secs_f64()
}

/// Calls at this rate, whatever comes of it.
async fn flood(lines: &[Gateway], token: &str, per_second: f64) -> Vec<(Duration, Result<(), Status>)> {
    let (began, message, mut calls, mut made) = (Instant::now(), message(), JoinSet::new(), 0_u32);
    while began.elapsed() < OVERLOADED_FOR {
        while f64::from(made) < began.elapsed().as_secs_f64() * per_second {
            let (line, token, message) =
                (lines[made as usize % lines.len()].clone(), token.to_owned(), message.clone());
            calls.spawn(async move { call(&line, &token, message).await });
            made += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    calls.join_all().await
}

/// How administration fares meanwhile.
#[derive(Debug, Default)]
struct Administration {
    unhealthy: u32,
    answered: u32,
    failed: Vec<Status>,
    longest: Duration,
}

/// Asks all the while whether the service is healthy, and what only administration may know.
async fn administer(world: Arc<World>, end: Arc<AtomicBool>) -> Administration {
    let (gateway, key, mut done) = (world.gateway(), world.key("admin"), Administration::default());
    while !end.load(Ordering::Relaxed) {
        let began = Instant::now();
        done.unhealthy += u32::from(!is_healthy(world.cluster.lock().await.config(), Part::Permissions.into()).await);
        let request = gateway.request(ListRolesRequest::default(), Some(&key)).unwrap();
        match RoleServiceClient::new(gateway.channel()).list_roles(request).await {
            Ok(_) => done.answered += 1,
            Err(status) => done.failed.push(status),
        }
        done.longest = done.longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    done
}

/// What the process holds in memory, in MiB: now, and at the most so far.
async fn memory_mib(world: &World) -> [u64; 2] {
    let process = process_of(world.cluster.lock().await.config(), Part::Permissions.into()).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    ["VmRSS:", "VmHWM:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a soak: `cargo xtask test --soak`"]
async fn three_times_the_calls_that_it_can_answer_are_refused_early_and_the_others_answered_in_time() {
    let world = Arc::new(World::start("overload").await);
    let port = world.cluster.lock().await.config().ports.of(Part::Permissions.into()).unwrap().contract;
    let line = || Gateway::new("localhost", port, &world.files().authority()).unwrap();
    let lines: Vec<Gateway> = (0..CONNECTIONS).map(|_| line()).collect();
    let token = world.gateway().exchange(&world.keys.file("admin")).await.unwrap();
    let capacity = capacity(&lines, &token).await;
    let [before_mib, _] = memory_mib(&world).await;

    let end = Arc::new(AtomicBool::new(false));
    let mut administration = JoinSet::new();
    administration.spawn(administer(Arc::clone(&world), Arc::clone(&end)));
    let calls = flood(&lines, &token, capacity * TIMES).await;
    end.store(true, Ordering::Relaxed);
    let administration = administration.join_next().await.unwrap().unwrap();
    let [_, most_mib] = memory_mib(&world).await;

    let mut answered: Vec<Duration> =
        calls.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(took, _)| *took).collect();
    answered.sort();
    let refused: Vec<&Status> = calls.iter().filter_map(|(_, outcome)| outcome.as_ref().err()).collect();
    let p99 = answered[answered.len() * 99 / 100];
    println!(
        "  {capacity:.0} calls/s in a closed loop; {} calls at {:.0}/s: {} answered (p50 {:?}, p99 {p99:?}), {} refused",
        calls.len(),
        capacity * TIMES,
        answered.len(),
        answered[answered.len() / 2],
        refused.len(),
    );
    println!("  {administration:?}; memory {before_mib} MiB before, {most_mib} MiB at the most");
    for status in &refused {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("OVERLOADED"), "{status:?}");
        assert!(details.retry_info().and_then(|info| info.retry_delay).is_some(), "{status:?}");
    }
    assert!(!refused.is_empty(), "nothing was refused");
    // gate has a second for its own question, and its processors are the flood's, too.
    let failed = administration.failed.len();
    assert!(administration.answered as usize > failed * 9, "administration has no room: {failed} failed");
    assert!(administration.answered > administration.unhealthy * 9, "it said that it is not healthy");
    let answered_rate = answered.len() as f64 / OVERLOADED_FOR.as_secs_f64();
    assert!(answered_rate > capacity / 3.0, "{answered_rate:.0} calls/s are answered of {capacity:.0}");
    assert!(p99 < P99_MAX, "p99 is {p99:?}");
    assert!(most_mib < before_mib + MEMORY_MIB_MAX, "{most_mib} MiB, {before_mib} before");
    call(&lines[0], &token, message()).await.1.expect("all is well afterwards");
}
