//! A process whose clock is five minutes off, either way: what it signs nobody believes, what others sign it does not believe, and
//! what needs no clock goes on. Clocks may differ by 5 seconds (`assertion::CLOCK_SKEW_SECONDS_MAX`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use contract::identity::v1::ExchangeApiKeyRequest;
use contract::permissions::v1::relationship_update::Operation;
use e2e::World;
use http::Version;
use testing::Part;
use tonic::Code;

const OFF_SECONDS: [i32; 2] = [300, -300];

const READ: &str = "/v1/documents/roadmap";

/// Within so long all is well again once the clock is right.
const RECOVERED_WITHIN: Duration = Duration::from_secs(10);

/// Builds what shows a process another time. The C compiler is the one that links our binaries, so it is there.
fn build_shift(folder: &Path) -> PathBuf {
    let library = folder.join("clock_shift.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/clock_shift.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(built.success());
    library
}

/// Starts the part's process anew with its clock so far off.
async fn set_clock(world: &World, part: Part, shift: &Path, seconds: i32) {
    let mut cluster = world.cluster.lock().await;
    let variables = [
        ("LD_PRELOAD".to_owned(), shift.display().to_string()),
        ("BAILIWICK_TEST_CLOCK_SECONDS".to_owned(), seconds.to_string()),
    ];
    let variables = if seconds == 0 { Vec::new() } else { variables.to_vec() };
    cluster.config_mut().environment.insert(part.into(), variables);
    if let Err(error) = cluster.restart(part).await {
        panic!("{} does not start with its clock {seconds} s off: {}", part.name(), error.with_causes());
    }
}

async fn read(world: &World, credential: &str) -> u16 {
    world.get(Version::HTTP_11, READ, Some(credential)).await.status
}

async fn becomes_readable(world: &World, credential: &str) {
    let began = Instant::now();
    loop {
        let status = read(world, credential).await;
        if status == 200 {
            return;
        }
        assert!(began.elapsed() < RECOVERED_WITHIN, "{status} though the clock is right");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An access token for the key, once identity makes one.
async fn token(world: &World, key: &str) -> String {
    let (gateway, began) = (world.gateway(), Instant::now());
    loop {
        let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(key)).unwrap();
        match gateway.api_keys().exchange_api_key(request).await {
            Ok(answer) => return answer.into_inner().access_token,
            Err(status) => assert!(began.elapsed() < RECOVERED_WITHIN, "{status}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// For a while everybody who reads is refused.
async fn nobody_reads(world: &World, credentials: &[&str], why: &str) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        for credential in credentials {
            let status = read(world, credential).await;
            assert!(matches!(status, 401 | 403 | 503), "{status}: {why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_gate_whose_clock_is_off_lets_nobody_in() {
    let (world, folder) = (World::start("clock-gate").await, tempfile::tempdir().unwrap());
    let (shift, alice) = (build_shift(folder.path()), world.key("alice"));
    let token = token(&world, &alice).await;
    for seconds in OFF_SECONDS {
        set_clock(&world, Part::Gate, &shift, seconds).await;
        // Its assertions are of another time; a token is over, or of the future.
        nobody_reads(&world, &[&alice, &token], &format!("gate is {seconds} s off")).await;
        let refused = world.try_to_write(Operation::Touch, "document:budget#viewer@user:dave").await.unwrap_err();
        assert!(matches!(refused.code(), Code::Unauthenticated | Code::Unavailable), "{refused:?}");
        set_clock(&world, Part::Gate, &shift, 0).await;
        becomes_readable(&world, &alice).await;
    }
    becomes_readable(&world, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn tokens_of_an_identity_whose_clock_is_off_are_refused_and_api_keys_are_not() {
    let (world, folder) = (World::start("clock-identity").await, tempfile::tempdir().unwrap());
    let (shift, alice) = (build_shift(folder.path()), world.key("alice"));
    // With a clock that is behind, a key of this moment would sign only in five minutes, and identity would wait for it.
    let earlier = "UPDATE signing_key SET signs_from = signs_from - interval '1 day'";
    world.cluster.lock().await.server().execute("identity", earlier).await.unwrap();
    for seconds in OFF_SECONDS {
        set_clock(&world, Part::Identity, &shift, seconds).await;
        becomes_readable(&world, &alice).await;
        let (gateway, bob) = (world.gateway(), world.key("bob"));
        let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&bob)).unwrap();
        // What gate signs is of another time to identity, too.
        let refused = gateway.api_keys().exchange_api_key(request).await.unwrap_err();
        assert!(matches!(refused.code(), Code::Unauthenticated | Code::Unavailable), "{refused:?}");
        set_clock(&world, Part::Identity, &shift, 0).await;
        becomes_readable(&world, &token(&world, &alice).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn a_permissions_whose_clock_is_off_decides_as_before_and_takes_no_change() {
    let (world, folder) = (World::start("clock-permissions").await, tempfile::tempdir().unwrap());
    let (shift, alice) = (build_shift(folder.path()), world.key("alice"));
    for seconds in OFF_SECONDS {
        set_clock(&world, Part::Permissions, &shift, seconds).await;
        becomes_readable(&world, &alice).await;
        let denied = read(&world, &world.key("dave")).await;
        assert_eq!(denied, 403, "whoever may not, may not");
        let refused = world.try_to_write(Operation::Touch, "document:budget#viewer@user:dave").await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
        set_clock(&world, Part::Permissions, &shift, 0).await;
        becomes_readable(&world, &alice).await;
    }
    world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
}
