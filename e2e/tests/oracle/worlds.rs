//! Random worlds: a few in every run of the tests, a million answers in a soak.

use testing::surroundings;
use worlds::{Operators, Random, Shape, World, smaller};

use crate::compare::compare;
use crate::pair::Pair;
use crate::report::Report;

/// How many answers the short run compares at least.
const ANSWERS: u64 = 20_000;

/// How many a soak compares, unless `BAILIWICK_SOAK_ANSWERS` says another number.
const SOAK_ANSWERS: u64 = 1_000_000;

/// How many worlds that differ are made small and shown; after them the run ends.
const SHOWN: usize = 5;

/// Compares worlds until there are so many answers, the first drawn from this seed and each from the next.
async fn run(seed: u64, answers: u64) {
    let mut pair = Pair::start().await;
    let mut total = Report::default();
    let mut shown = Vec::new();
    for seed in seed.. {
        let (world, objects) = draw(seed);
        let report = compare(&mut pair, &world, objects, &mut Random::new(seed)).await;
        if total.worlds % 10 == 0 {
            println!("seed {seed}: {total}");
        }
        if !report.findings.is_empty() {
            shown.push(shrunk(&mut pair, seed, world, objects).await);
        }
        total.add(report);
        if total.answers() >= answers || shown.len() >= SHOWN {
            break;
        }
    }
    println!("{total}");
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// Half of the worlds have no circles, so that SpiceDB answers everything.
fn draw(seed: u64) -> (World, usize) {
    let mut random = Random::new(seed);
    let objects = 2 + random.below(random.clone().below(8) + 1) as usize;
    let acyclic = random.one_in(2);
    let relationships_max = if acyclic { 30 * objects as u64 } else { 4 * objects as u64 };
    let shape = Shape { operators: Operators::Every, objects, relationships_max, acyclic };
    (World::random(&mut random, &shape), objects)
}

/// The smallest world that still has one of the first's differences, with what differs in it.
async fn shrunk(pair: &mut Pair, seed: u64, mut world: World, objects: usize) -> String {
    let mut last = compare(pair, &world, objects, &mut Random::new(seed)).await;
    let kind = |report: &Report| report.findings.first().and_then(|one| one.asked.split(' ').next().map(str::to_owned));
    let wanted = kind(&last);
    'again: loop {
        for candidate in smaller(&world).collect::<Vec<_>>() {
            let report = compare(pair, &candidate, objects, &mut Random::new(seed)).await;
            if kind(&report) == wanted {
                (world, last) = (candidate, report);
                continue 'again;
            }
        }
        break;
    }
    let findings: Vec<String> = last.findings.iter().take(5).map(ToString::to_string).collect();
    format!("seed {seed} differs:\n{}\n{}", world.to_text(), findings.join("\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_worlds_are_answered_as_spicedb_answers_them() {
    run(1, ANSWERS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a soak: `cargo xtask test --soak`"]
async fn a_million_answers_are_spicedbs() {
    let number = |name: &str, default| surroundings::variable(name).map_or(default, |text| text.parse().unwrap());
    run(number("BAILIWICK_SOAK_SEED", 1_000_000), number("BAILIWICK_SOAK_ANSWERS", SOAK_ANSWERS)).await;
}
