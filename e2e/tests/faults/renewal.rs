//! Every certificate of the plane is exchanged while calls run, and so is the authority that vouches for them: no call fails.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::World;
use testing::ClusterConfig;
use testing::certificates::{Authority, CertificateFiles, Leaf};
use testing::cluster::{Member, SERVICES, metrics_of};

use crate::REPLICAS;
use crate::load::{Load, assert_none_failed};

/// Every peer, with whose certificate.
const PEERS: [&str; 5] = ["gateway", "documents", "identity", "permissions", "gate"];

/// Connections end after so long, so that each step is met by connections that are made anew.
const AGE: &str = "server.connection_age_seconds_max=1";

/// How long calls run on after a step is in force.
const GOES_ON: Duration = Duration::from_millis(2_500);

const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// Puts a file in another's place at once, as whoever renews certificates does.
fn put(content: &[u8], path: &Path) {
    let beside = path.with_added_extension("next");
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

fn trust(world: &World, authorities: &[&Path]) {
    let bundle: Vec<u8> = authorities.iter().flat_map(|authority| std::fs::read(authority).unwrap()).collect();
    put(&bundle, &world.files().authority());
}

/// How many times the process has taken certificates anew, and refused them.
async fn reloads(world: &World, member: Member) -> [f64; 2] {
    let metrics = metrics_of(world.cluster.lock().await.config(), member).await.unwrap();
    ["taken", "refused"].map(|outcome| {
        let name = format!("bailiwick_certificate_reloads_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap()
    })
}

/// Waits until every process has taken certificates anew so often.
async fn taken(world: &World, times: f64) {
    let began = Instant::now();
    for member in SERVICES.into_iter().flat_map(|service| service.members(REPLICAS)) {
        while reloads(world, member).await[0] < times {
            assert!(began.elapsed() < TAKEN_WITHIN, "{} has not taken what is new", member.name());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    tokio::time::sleep(GOES_ON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn all_certificates_and_their_authority_are_replaced_under_load_and_no_call_fails() {
    let mut config = ClusterConfig::for_test("renewal", REPLICAS).unwrap();
    config.overrides = SERVICES.map(|service| (service, vec![AGE.to_owned()])).into();
    let world = Arc::new(World::start_as(config).await);
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.pem");
    std::fs::copy(world.files().authority(), &old).unwrap();
    let authority = Authority::keep(&folder.path().join("new")).unwrap();
    let new = authority.certificate_file();
    let kept: Vec<u8> = std::fs::read(world.files().certificate("gate").certificate).unwrap();
    let kept_key: Vec<u8> = std::fs::read(world.files().certificate("gate").key).unwrap();

    let load = Load::begin(&world);
    tokio::time::sleep(GOES_ON).await;
    trust(&world, &[&old, &new]);
    taken(&world, 1.0).await;
    // File by file: for a moment no certificate has its key.
    for peer in PEERS {
        let issued = authority.issue(&Leaf::peer(peer)).unwrap();
        let CertificateFiles { certificate, key } = world.files().certificate(peer);
        put(&std::fs::read(issued.key).unwrap(), &key);
        put(&std::fs::read(issued.certificate).unwrap(), &certificate);
    }
    taken(&world, 2.0).await;
    trust(&world, &[&new]);
    taken(&world, 3.0).await;
    let ledger = Arc::clone(&load.ledger);
    let calls = load.end().await;

    assert_none_failed(&calls);
    for member in SERVICES.into_iter().flat_map(|service| service.members(REPLICAS)) {
        assert_eq!(reloads(&world, member).await[1], 0.0, "{} has refused something", member.name());
    }
    // What the old authority vouched for is nobody's now, and whoever trusts the new one alone is answered by everybody.
    let shown =
        CertificateFiles { certificate: folder.path().join("kept.pem"), key: folder.path().join("kept-key.pem") };
    std::fs::write(&shown.certificate, kept).unwrap();
    std::fs::write(&shown.key, kept_key).unwrap();
    assert_eq!(crate::certificates::follow(&world, &shown).await, Err(None));
    assert_eq!(crate::certificates::follow(&world, &world.files().certificate("gate")).await, Ok(()));
    ledger.assert_kept(&world).await;
}
