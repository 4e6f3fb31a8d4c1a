//! Random worlds: a few in every run of the tests, a million answers in a soak.

use std::collections::BTreeMap;

use testing::surroundings;
use worlds::{Operators, Random, Shape, World, smaller};

use crate::compare::compare;
use crate::pair::Pair;
use crate::report::Report;

/// How many answers the short run compares at least.
const ANSWERS: u64 = 20_000;

/// How many a soak compares, unless `BAILIWICK_SOAK_ANSWERS` says another number.
const SOAK_ANSWERS: u64 = 1_000_000;

/// How many kinds of differences are made small and shown.
const SHOWN: usize = 8;

/// Compares worlds until there are so many answers, the first drawn from this seed and each from the next.
async fn run(seed: u64, answers: u64) {
    let mut pair = Pair::start().await;
    let mut total = Report::default();
    let mut kinds = BTreeMap::new();
    for seed in seed.. {
        let (world, objects) = draw(seed);
        let report = compare(&mut pair, &world, objects, &mut Random::new(seed)).await;
        for finding in &report.findings {
            kinds.entry(finding.kind()).or_insert((seed, 0)).1 += 1;
        }
        total.add(report);
        if total.worlds % 20 == 0 {
            println!("seed {seed}: {total}");
        }
        if total.answers() >= answers {
            break;
        }
    }
    println!("{total}");
    let mut shown = Vec::new();
    for (kind, (seed, count)) in kinds.iter().take(SHOWN) {
        shown.push(format!("{count} of the kind {kind}\n{}", shrunk(&mut pair, *seed, kind).await));
    }
    assert!(kinds.is_empty(), "{kinds:#?}\n{}", shown.join("\n"));
}

/// Half of the worlds have no circles, so that SpiceDB answers everything.
fn draw(seed: u64) -> (World, usize) {
    let mut random = Random::new(seed);
    let objects = 1 + random.below(random.clone().below(6) + 1) as usize;
    let acyclic = random.one_in(2);
    let relationships_max = if acyclic { 8 * objects as u64 } else { 4 * objects as u64 };
    let shape = Shape { operators: Operators::Every, objects, relationships_max, acyclic };
    (World::random(&mut random, &shape), objects)
}

/// The smallest world that still has a difference of this kind, with what differs in it.
async fn shrunk(pair: &mut Pair, seed: u64, kind: &str) -> String {
    let (mut world, objects) = draw(seed);
    let mut shown = String::new();
    let mut candidates = vec![world.clone()];
    loop {
        let mut next = None;
        for candidate in candidates {
            let report = compare(pair, &candidate, objects, &mut Random::new(seed)).await;
            if let Some(finding) = report.findings.iter().find(|finding| finding.kind() == kind) {
                next = Some((candidate, finding.to_string()));
                break;
            }
        }
        let Some((smallest, finding)) = next else { break };
        (world, shown) = (smallest, finding);
        candidates = smaller(&world).collect();
    }
    format!("seed {seed} differs:\n{}\n{shown}", world.to_text())
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
