//! The disk of the databases is full: nothing that was acknowledged is lost, decisions go on, and changes do when there is room again.

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::World;
use testing::{ClusterConfig, Part};

use crate::REPLICAS;
use crate::load::{Call, Load, Outcome, assert_nothing_wrong, report};

/// The size of the disk: the server's own files take less than half.
const DISK_MIB: u32 = 384;

const GOES_ON: Duration = Duration::from_secs(4);

/// How long the disk is full.
const FULL_FOR: Duration = Duration::from_secs(8);

const RECOVERED_WITHIN: Duration = Duration::from_secs(5);

/// A disk in memory, gone when this is dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// None, said aloud, if this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = PathBuf::from(format!("/tmp/bailiwick-disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // The server runs as somebody else, who must come through.
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let size = format!("size={DISK_MIB}m,mode=755");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &size, "bailiwick-disk"]).arg(&folder).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        println!("  LEFT OUT: only root may mount the small disk that this story fills: {mounted:?}");
        std::fs::remove_dir(&folder).unwrap();
        None
    }

    /// Fills what is left.
    fn fill(&self) -> PathBuf {
        let path = self.folder.join("filler");
        let mut file = File::create(&path).unwrap();
        let block = vec![0; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still uses it keeps it for that long.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        let _ = std::fs::remove_dir(&self.folder);
    }
}

fn set_up(disk: &Path) -> ClusterConfig {
    let mut config = ClusterConfig::for_test("disk", REPLICAS).unwrap();
    config.postgres = disk.join("postgres");
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn with_the_disk_full_decisions_go_on_and_no_acknowledged_write_is_lost() {
    let Some(disk) = Disk::mount() else { return };
    let world = Arc::new(World::start_as(set_up(&disk.folder)).await);
    let load = Load::begin(&world);
    tokio::time::sleep(GOES_ON).await;

    let filler = disk.fill();
    let full = Instant::now();
    // The log of the database goes on in a new file, for which there is no room: without this it might have one left.
    let switch = "SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(false, 'fill', 'x')) AS written";
    while full.elapsed() < FULL_FOR {
        let _ = world.cluster.lock().await.server().execute("postgres", switch).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    std::fs::remove_file(filler).unwrap();
    // PostgreSQL may have ended itself, and then whoever looks after it starts it again.
    let has_ended = world.cluster.lock().await.check().is_err();
    if has_ended {
        world.cluster.lock().await.restart(Part::Postgres).await.unwrap();
    }
    let room = Instant::now();
    println!("  PostgreSQL {} while its disk was full", if has_ended { "ended" } else { "went on" });
    tokio::time::sleep(RECOVERED_WITHIN + GOES_ON).await;
    let ledger = Arc::clone(&load.ledger);
    let calls = load.end().await;

    report(&calls);
    assert_nothing_wrong(&calls);
    let failed = |from: Instant, to: Instant, kind: &str| {
        let of_kind = |call: &&Call| call.kind.starts_with(kind) && (from..to).contains(&call.began);
        let all = calls.iter().filter(of_kind);
        let (all, failed): (Vec<&Call>, Vec<&Call>) =
            (all.clone().collect(), all.filter(|call| call.outcome != Outcome::Right).collect());
        (all.len(), failed.len())
    };
    let (reads, reads_failed) = failed(full, room, "read, allowed");
    assert!(reads > 100 && reads_failed == 0, "{reads_failed} of {reads} reads failed");
    let (writes, writes_failed) = failed(full + FULL_FOR / 2, room, "write, ");
    assert!(writes_failed > 0, "none of {writes} writes met the full disk");
    let (late, late_failed) = failed(room + RECOVERED_WITHIN, room + RECOVERED_WITHIN * 10, "");
    assert!(late > 100 && late_failed == 0, "{late_failed} of {late} calls failed long after there was room");
    ledger.assert_kept(&world).await;
}
