//! Writing an engine to a file and reading it back: seconds, bytes, and memory beyond the engines themselves.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph::{Budget, Engine, EngineOptions, FileReader, FileWriter, Schema, Snapshot};

use bench_engine::{Drive, SCHEMA, questions};
use worlds::Random;

/// Reads and writes of which the median and the range are printed: the machine is shared.
const ROUNDS: usize = 5;
/// Writes before the file is written with a delta.
const WRITES: u64 = 20_000;
/// Questions that what was written and what was read are asked.
const ASKED: usize = 20_000;

/// Writes the drive to a file, then starts itself anew to read it: memory that loading left behind would hide the peaks.
pub(crate) fn measure(relationships: u64) {
    let drive = Drive::of(relationships);
    let schema = Arc::new(Schema::parse(SCHEMA).expect("the drive's schema"));
    let engine = Engine::load(EngineOptions::default(), 1, schema, drive.relationships()).expect("no cap is near");
    let snapshot = engine.snapshot();
    println!("\n{} relationships, {} ids", snapshot.relationships(), snapshot.ids());
    let path = std::env::temp_dir().join(format!("bench-engine-{}.graph", std::process::id()));
    write(&snapshot, File::create(&path).expect("the folder for temporary files can be written to"));
    agrees(&snapshot, &path, drive);
    println!("  {ASKED} answers alike, and what was read is written as the same bytes");
    drop((snapshot, engine));
    let this = std::env::current_exe().expect("Linux says which program runs");
    let anew = Command::new(this).arg("--file-read").arg(relationships.to_string()).arg(&path).status();
    assert!(anew.expect("a program that runs can be started again").success(), "it says above why");
    std::fs::remove_file(&path).expect("the file was just written");
}

/// What the new process does: reads the file, writes what it read, changes it, and writes that.
pub(crate) fn restart(path: &Path, relationships: u64) {
    let mut times = Vec::new();
    let before = reset_peak();
    let started = Instant::now();
    let engine = engine(path);
    times.push(started.elapsed());
    let (peak, resident) = (peak_kib(), status_kib("VmRSS:"));
    for _ in 1..ROUNDS {
        let started = Instant::now();
        let another = self::engine(path);
        times.push(started.elapsed());
        assert_eq!(another.snapshot().relationships(), engine.snapshot().relationships(), "one file, one graph");
    }
    let own = engine.snapshot().memory().total_bytes() / 1024;
    println!("  read: {}", spread(times));
    println!(
        "  memory of the first read: engine {own} KiB, peak {} KiB, then {} KiB",
        peak - before,
        resident - before
    );
    written(&engine.snapshot(), path, "without a delta");
    let (drive, mut random) = (Drive::of(relationships), Random::new(7));
    for _ in 0..WRITES {
        let revision = engine.snapshot().revision() + 1;
        engine.apply(revision, [drive.change(&mut random)]).expect("no cap is near");
    }
    let snapshot = engine.snapshot();
    written(&snapshot, path, &format!("with a delta of {}", snapshot.delta_relationships()));
    agrees(&snapshot, path, drive);
}

fn written(snapshot: &Snapshot, path: &Path, state: &str) {
    let mut times = Vec::new();
    let before = reset_peak();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        write(snapshot, File::create(path).expect("the folder for temporary files can be written to"));
        times.push(started.elapsed());
    }
    let peak = peak_kib() - before;
    let bytes = path.metadata().expect("the file was just written").len();
    let each = bytes as f64 / snapshot.relationships() as f64;
    println!("  written {state}: {}, {bytes} bytes ({each:.1} a relationship), peak {peak} KiB more", spread(times));
}

fn write(snapshot: &Snapshot, out: impl Write) {
    let mut file = FileWriter::begin(out, b"", 1).expect("the output takes it");
    file.tenant("acme", b"", snapshot).expect("the output takes it");
    file.finish().expect("the output takes it");
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
    let asked = questions(drive, ASKED);
    let requests: Vec<_> = asked.iter().map(|question| question.request()).collect();
    assert_eq!(again.check_many(&requests, &budget), snapshot.check_many(&requests, &budget), "both answer alike");
    let same = Same { file: File::open(path).expect("the file was just written"), bytes: Vec::new() };
    write(&again, same);
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
