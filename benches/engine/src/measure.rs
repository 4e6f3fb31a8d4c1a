//! One size of the drive, measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use graph::{Answer, Budget, CheckRequest, Engine, EngineOptions, Schema};

use bench_engine::{Drive, Question, SCHEMA, questions};
use worlds::Random;

/// Rounds of which the best and the median are printed: the machine is shared.
const ROUNDS: usize = 5;
/// Questions of one batch.
const BATCH: usize = 200;
/// Writes before the merge, one a revision.
const WRITES: u64 = 20_000;

pub(crate) fn measure(relationships: u64) {
    let drive = Drive::of(relationships);
    let schema = Arc::new(Schema::parse(SCHEMA).expect("the drive's schema"));
    let started = Instant::now();
    let engine = Engine::load(EngineOptions::default(), 1, schema, drive.relationships()).expect("no cap is near");
    let loaded = started.elapsed();
    let generating = Instant::now();
    let stored = drive.relationships().count();
    let generated = generating.elapsed();

    let snapshot = engine.snapshot();
    let (memory, count) = (snapshot.memory(), snapshot.relationships() as f64);
    assert_eq!(snapshot.relationships(), stored, "the generator repeats nothing");
    println!("\n{} relationships, {} ids", snapshot.relationships(), snapshot.ids());
    println!("  load {:.2} s, of which generating {:.2} s", loaded.as_secs_f64(), generated.as_secs_f64());
    println!(
        "  bytes a relationship: {:.1} (edges {:.1}, strings {:.1}, closure {:.2})",
        memory.total_bytes() as f64 / count,
        memory.edges_bytes as f64 / count,
        memory.strings_bytes as f64 / count,
        memory.closure_bytes as f64 / count
    );
    drop(snapshot);
    let asked = questions(drive, 400_000);
    checks(&engine, &asked, "quiet");
    writes(&engine, drive);
    checks(&engine, &asked[..100_000], "with a delta");
    merge(&engine, &asked);
}

/// Questions are copied just before they are asked, outside the measured time: in a service they were just read.
fn checks(engine: &Engine, asked: &[Question], state: &str) {
    let snapshot = engine.snapshot();
    let budget = Budget::default();
    let (mut singles, mut batches) = (Vec::new(), Vec::new());
    let mut granted = 0;
    for _ in 0..ROUNDS {
        let (mut single, mut batch, mut one_by_one) = (Duration::ZERO, Duration::ZERO, 0);
        granted = 0;
        // Halves take turns, so that neither way finds warm what the other has just read.
        for (number, some) in asked.chunks(BATCH).enumerate() {
            let copies = some.to_vec();
            let requests: Vec<CheckRequest<'_>> = copies.iter().map(Question::request).collect();
            let started = Instant::now();
            if number % 2 == 0 {
                one_by_one += requests.iter().filter(|request| has(&snapshot.check(request, &budget))).count();
                single += started.elapsed();
            } else {
                granted += snapshot.check_many(&requests, &budget).iter().filter(|answer| has(answer)).count();
                batch += started.elapsed();
            }
        }
        granted += one_by_one;
        singles.push(single);
        batches.push(batch);
    }
    println!(
        "  {state}: {} a check, in batches {} ({} % granted)",
        spread(singles, asked.len() / 2),
        spread(batches, asked.len() / 2),
        100 * granted / asked.len()
    );
}

fn has(answer: &Result<Answer, graph::CheckError>) -> bool {
    *answer.as_ref().expect("no question about the drive fails") == Answer::Has
}

fn spread(mut times: Vec<Duration>, count: usize) -> String {
    times.sort_unstable();
    let nanoseconds = |time: Duration| time.as_nanos() as usize / count;
    let (best, median) = (nanoseconds(times[0]), nanoseconds(times[times.len() / 2]));
    format!("{median} ns (best {best})")
}

fn writes(engine: &Engine, drive: Drive) {
    let mut random = Random::new(7);
    let started = Instant::now();
    for _ in 0..WRITES {
        let revision = engine.snapshot().revision() + 1;
        engine.apply(revision, [drive.change(&mut random)]).expect("no cap is near");
    }
    let each = started.elapsed().as_nanos() as u64 / WRITES;
    let snapshot = engine.snapshot();
    let (differing, bytes) = (snapshot.delta_relationships(), snapshot.memory().delta_bytes);
    println!(
        "  {WRITES} writes: {each} ns each; delta {differing} relationships, {} bytes each",
        bytes / differing.max(1)
    );
}

/// Asks one by one, before a merge and during it.
fn merge(engine: &Engine, asked: &[Question]) {
    let quiet = Instant::now();
    let before = latencies(engine, asked, || quiet.elapsed() > Duration::from_secs(1));
    let is_done = AtomicBool::new(false);
    let (took, during) = std::thread::scope(|scope| {
        let merging = scope.spawn(|| {
            let started = Instant::now();
            engine.merge();
            is_done.store(true, Ordering::Release);
            started.elapsed()
        });
        let during = latencies(engine, asked, || is_done.load(Ordering::Acquire));
        (merging.join().expect("merging does not panic"), during)
    });
    println!("  merge {:.2} s; p50 and p99 of checks {before} before, {during} during", took.as_secs_f64());
}

fn latencies(engine: &Engine, asked: &[Question], is_over: impl Fn() -> bool) -> String {
    let budget = Budget::default();
    let mut times = Vec::new();
    for question in asked.iter().cycle() {
        if is_over() && times.len() > 100 {
            break;
        }
        let started = Instant::now();
        let answer = engine.snapshot().check(&question.request(), &budget);
        times.push(started.elapsed());
        answer.expect("no question about the drive fails");
    }
    times.sort_unstable();
    format!("{:?} and {:?}", times[times.len() / 2], times[times.len() * 99 / 100])
}
