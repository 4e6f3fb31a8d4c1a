//! Certificates that change while the service runs: what is good is taken from the next connection on, what is not is refused.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chassis::config::{Addresses, PeerConfig};
use chassis::peer::Bounds;
use testing::certificates::{Authority, Leaf};
use testing::harness::{self, Harness};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::demo::{self, serves};

/// Within so long a change is noticed, or refused.
const NOTICED_WITHIN: Duration = Duration::from_secs(5);

/// The service's files, as Kubernetes mounts them: behind a link to a link that is turned.
struct Mounted {
    folder: tempfile::TempDir,
    turned: u32,
}

impl Mounted {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), turned: 0 }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("now").join(name)
    }

    /// Puts other contents in the place of all three files at once.
    fn turn(&mut self, authorities: &[&Authority], certificate: &Path, key: &Path) {
        self.turned += 1;
        let next = self.folder.path().join(self.turned.to_string());
        std::fs::create_dir(&next).unwrap();
        let bundle: Vec<u8> =
            authorities.iter().flat_map(|one| std::fs::read(one.certificate_file()).unwrap()).collect();
        std::fs::write(next.join("ca"), bundle).unwrap();
        std::fs::copy(certificate, next.join("certificate")).unwrap();
        std::fs::copy(key, next.join("key")).unwrap();
        let link = self.folder.path().join("next");
        symlink(&next, &link).unwrap();
        std::fs::rename(&link, self.folder.path().join("now")).unwrap();
    }
}

fn authority(folder: &tempfile::TempDir, name: &str) -> Authority {
    Authority::keep(&folder.path().join(name)).unwrap()
}

async fn metric(service: &Harness, begins: &str) -> i64 {
    let metrics = service.metrics().await;
    let line = metrics.lines().find(|line| line.starts_with(begins));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no {begins} in {metrics}"))
}

async fn comes_to(service: &Harness, outcome: &str, count: i64) {
    let began = Instant::now();
    while metric(service, &format!("bailiwick_certificate_reloads_total{{outcome=\"{outcome}\"}}")).await != count {
        assert!(began.elapsed() < NOTICED_WITHIN, "not {count} {outcome}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether somebody who believes this authority, with a certificate of that one, is answered by the service.
async fn is_answered(service: &Harness, believes: &Authority, certified_by: &Authority) -> bool {
    let address = format!("https://{}", service.running().address);
    serves(&harness::channel_of(believes, certified_by, &address, "permissions")).await.is_ok()
}

#[tokio::test]
async fn the_authority_is_replaced_step_by_step_and_every_call_is_answered() {
    let (mut mounted, folder) = (Mounted::new(), tempfile::tempdir().unwrap());
    let (old, new) = (authority(&folder, "old"), authority(&folder, "new"));
    let (of_old, of_new) = (old.keep_peer("gate").unwrap(), new.keep_peer("gate").unwrap());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = demo::start(|config| {
        // Identity believes the harness' own authority, and so does this service at first.
        let own = (config.tls.certificate_file.clone(), config.tls.key_file.clone());
        let harness = Authority::keep(own.0.parent().unwrap()).unwrap();
        mounted.turn(&[&harness, &old], &own.0, &own.1);
        config.tls.certificate_file = mounted.file("certificate");
        config.tls.key_file = mounted.file("key");
        config.tls.ca_file = mounted.file("ca");
        config.server.listen = free;
        config.server.connection_age_seconds_max = 1;
        config.peers.insert("gate".to_owned(), PeerConfig { address: Addresses::One(format!("https://{free}")) });
    })
    .await;
    // A service that calls itself, over connections that are made anew each second.
    let peer = service.running().foundation.peer("gate").unwrap();
    let calls_itself = async {
        let mut calls = 0_u32;
        loop {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
            let bounds = Bounds { deadline, request_id: String::new(), tenant: None, trace: None };
            let check = |line, request| async move { HealthClient::new(line).check(request).await };
            let answer = peer.call(&bounds, HealthCheckRequest::default(), check).await;
            answer.unwrap_or_else(|error| panic!("call {calls}: {error}"));
            calls += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let replaced = async {
        assert!(is_answered(&service, service.authority(), &old).await);
        assert!(!is_answered(&service, service.authority(), &new).await, "the new authority is not believed yet");
        let harness = service.authority();
        let own = harness.keep_peer("gate").unwrap();
        mounted.turn(&[harness, &old, &new], &own.certificate, &own.key);
        comes_to(&service, "taken", 1).await;
        assert!(is_answered(&service, harness, &new).await);
        mounted.turn(&[harness, &old, &new], &of_old.certificate, &of_old.key);
        comes_to(&service, "taken", 2).await;
        mounted.turn(&[harness, &old, &new], &of_new.certificate, &of_new.key);
        comes_to(&service, "taken", 3).await;
        assert!(!is_answered(&service, &old, &old).await, "the old one vouches no more for the service");
        assert!(is_answered(&service, &new, &old).await, "but is still believed");
        mounted.turn(&[&new], &of_new.certificate, &of_new.key);
        comes_to(&service, "taken", 4).await;
        assert!(!is_answered(&service, &new, &old).await, "who is not believed any more is nobody");
        assert!(is_answered(&service, &new, &new).await);
        // Old connections end meanwhile.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    };
    tokio::select! {
        () = calls_itself => unreachable!("it never ends"),
        () = replaced => {}
    }
    assert_eq!(metric(&service, "bailiwick_certificate_reloads_total{outcome=\"refused\"}").await, 0);
}

#[tokio::test]
async fn what_is_of_no_use_is_refused_once_and_the_old_certificate_stays_in_force() {
    let mut mounted = Mounted::new();
    let service = demo::start(|config| {
        let own = (config.tls.certificate_file.clone(), config.tls.key_file.clone());
        let harness = Authority::keep(own.0.parent().unwrap()).unwrap();
        mounted.turn(&[&harness], &own.0, &own.1);
        config.tls.certificate_file = mounted.file("certificate");
        config.tls.key_file = mounted.file("key");
        config.tls.ca_file = mounted.file("ca");
    })
    .await;
    let harness = service.authority();
    let own = harness.keep_peer("gate").unwrap();
    let ends = metric(&service, "bailiwick_certificate_expires_seconds{of=\"own\"}").await;
    let now = testing::surroundings::now();
    assert!((ends - (now + time::Duration::days(365)).unix_timestamp()).abs() < 3_600, "{ends}");

    let (garbage, other) = (mounted.folder.path().join("garbage"), harness.keep_peer("permissions").unwrap());
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n").unwrap();
    let over = Leaf { not_after: now - time::Duration::hours(1), ..Leaf::peer("gate") };
    let elsewhere = tempfile::tempdir().unwrap();
    let over = authority(&elsewhere, "elsewhere").issue(&over).unwrap();
    let mut refused = 0;
    for (certificate, key) in [
        (&garbage, &own.key),
        (&own.certificate, &other.key),
        (&other.certificate, &other.key),
        (&over.certificate, &over.key),
    ] {
        mounted.turn(&[harness], certificate, key);
        refused += 1;
        comes_to(&service, "refused", refused).await;
        assert!(is_answered(&service, harness, harness).await);
    }
    std::fs::remove_file(mounted.folder.path().join("now")).unwrap();
    comes_to(&service, "refused", refused + 1).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(metric(&service, "bailiwick_certificate_reloads_total{outcome=\"refused\"}").await, refused + 1);
    assert!(is_answered(&service, harness, harness).await);
    mounted.turn(&[harness], &own.certificate, &own.key);

    let renewed = Leaf { not_after: now + time::Duration::days(10), ..Leaf::peer("gate") };
    let renewed = harness.issue(&renewed).unwrap();
    mounted.turn(&[harness], &renewed.certificate, &renewed.key);
    comes_to(&service, "taken", 1).await;
    let ends = metric(&service, "bailiwick_certificate_expires_seconds{of=\"own\"}").await;
    assert_eq!(ends, (now + time::Duration::days(10)).unix_timestamp());
}
