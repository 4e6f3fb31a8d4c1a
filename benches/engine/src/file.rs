//! Writing an engine to a file and reading it back: seconds, bytes, and memory beyond the engines themselves.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph::{Budget, Engine, EngineOptions, FileReader, FileWriter, Schema, Snapshot};

use crate::drive::{Drive, SCHEMA};
use crate::questions::questions;
use crate::random::Random;

/// Reads and writes of which the median and the range are printed: the machine is shared.
const ROUNDS: usize = 5;
/// Writes before the file is written with a delta.
const WRITES: u64 = 20_000;

pub(crate) fn measure(relationships: u64) {
    let drive = Drive::of(relationships);
    let schema = Arc::new(Schema::parse(SCHEMA).expect("the drive's schema"));
    let engine = Engine::load(EngineOptions::default(), 1, schema, drive.relationships()).expect("no cap is near");
    let snapshot = engine.snapshot();
    println!("\n{} relationships, {} ids", snapshot.relationships(), snapshot.ids());
    let path = std::env::temp_dir().join(format!("bench-engine-{}.graph", std::process::id()));

    written(&snapshot, &path, "without a delta");
    read(&snapshot, &path);
    agrees(&snapshot, &path, drive);
    drop(snapshot);

    let mut random = Random::new(7);
    for _ in 0..WRITES {
        let revision = engine.snapshot().revision() + 1;
        engine.apply(revision, [drive.change(&mut random)]).expect("no cap is near");
    }
    let snapshot = engine.snapshot();
    written(&snapshot, &path, &format!("with a delta of {}", snapshot.delta_relationships()));
    agrees(&snapshot, &path, drive);
    std::fs::remove_file(&path).expect("the file was just written");
}

fn written(snapshot: &Snapshot, path: &Path, state: &str) {
    let mut times = Vec::new();
    let before = reset_peak();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let out = File::create(path).expect("the folder for temporary files can be written to");
        let mut file = FileWriter::begin(out, b"", 1).expect("the disk has room");
        file.tenant("acme", b"", snapshot).expect("the disk has room");
        file.finish().expect("the disk has room");
        times.push(started.elapsed());
    }
    let peak = peak_kib().saturating_sub(before);
    let bytes = path.metadata().expect("the file was just written").len();
    let each = bytes as f64 / snapshot.relationships() as f64;
    println!("  written {state}: {}, {bytes} bytes ({each:.1} a relationship), peak {peak} KiB more", spread(times));
}

fn read(snapshot: &Snapshot, path: &Path) {
    let (mut times, mut sums) = (Vec::new(), Vec::new());
    let mut over = 0;
    for _ in 0..ROUNDS {
        let before = reset_peak();
        let started = Instant::now();
        let engine = engine(path);
        times.push(started.elapsed());
        let memory = engine.snapshot().memory().total_bytes() as u64 / 1024;
        over = over.max(peak_kib().saturating_sub(before + memory));
        assert_eq!(engine.snapshot().relationships(), snapshot.relationships(), "what was written is read");
        drop(engine);
        let started = Instant::now();
        let mut bytes = vec![0; 256 * 1024];
        let mut file = File::open(path).expect("the file was just written");
        while file.read(&mut bytes).expect("the file can be read") > 0 {}
        sums.push(started.elapsed());
    }
    println!("  read: {} (of which the bytes {}), peak {over} KiB over the engine's own", spread(times), spread(sums));
}

fn engine(path: &Path) -> Engine {
    let file = File::open(path).expect("the file was just written");
    let mut file = FileReader::begin(BufReader::new(file)).expect("it is whole");
    let tenant = file.next_tenant(EngineOptions::default()).expect("it is whole").expect("it holds one tenant");
    assert!(file.next_tenant(EngineOptions::default()).expect("it is whole").is_none(), "it holds one tenant");
    tenant.engine
}

/// Asks both, and writes again what was read.
fn agrees(snapshot: &Snapshot, path: &Path, drive: Drive) {
    let again = engine(path).snapshot();
    let budget = Budget::default();
    let asked = questions(drive, 20_000);
    let requests: Vec<_> = asked.iter().map(|question| question.request()).collect();
    assert_eq!(again.check_many(&requests, &budget), snapshot.check_many(&requests, &budget), "both answer alike");
    let mut same = Same { file: File::open(path).expect("the file was just written"), bytes: Vec::new() };
    let mut file = FileWriter::begin(&mut same, b"", 1).expect("the same bytes");
    file.tenant("acme", b"", &again).expect("the same bytes");
    file.finish().expect("the same bytes");
    println!("  {} answers alike, and what was read is written as the same bytes", requests.len());
}

/// An output that has to be what the file holds.
struct Same {
    file: File,
    bytes: Vec<u8>,
}

impl Write for Same {
    fn write(&mut self, written: &[u8]) -> std::io::Result<usize> {
        self.bytes.resize(written.len(), 0);
        self.file.read_exact(&mut self.bytes)?;
        assert!(self.bytes == written, "equal engines make equal files");
        Ok(written.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let seconds = |time: Duration| time.as_secs_f64();
    let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
    format!("{:.2} s ({:.2} to {:.2})", seconds(median), seconds(times[0]), seconds(last))
}

/// Forgets the peak of memory so far and says what is resident, in KiB.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux lets a process forget its peak");
    status_kib("VmRSS:")
}

fn peak_kib() -> u64 {
    status_kib("VmHWM:")
}

fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process takes");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("every process has the field");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}
