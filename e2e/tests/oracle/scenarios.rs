//! The scenarios of the engine, asked of both: what they expect is what SpiceDB says, but for what they say themselves.

use std::path::Path;

use tonic::Code;
use worlds::{Expectation, Scenario};

use crate::answers::Outcome;
use crate::differences::Difference;
use crate::message::{Question, touch};
use crate::pair::Pair;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/graph/scenarios");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_expect_what_spicedb_says() {
    let mut pair = Pair::start().await;
    let mut failures = Vec::new();
    let scenarios = Scenario::read_all(Path::new(FOLDER));
    assert!(scenarios.len() >= 30, "only {} scenarios were found", scenarios.len());
    for scenario in scenarios {
        let found = run(&mut pair, &scenario).await;
        failures.extend(found.into_iter().map(|failure| format!("{}: {failure}", scenario.name)));
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

async fn run(pair: &mut Pair, scenario: &Scenario) -> Vec<String> {
    if let Err(problem) = pair.load(&scenario.world, &scenario.schema_text).await {
        return vec![problem];
    }
    let mut failures = Vec::new();
    for (expected, question) in &scenario.checks {
        let both = pair.check(&Question::from(question)).await;
        if !holds(*expected, &both.ours) {
            failures.push(format!("{question}: {expected:?} is expected, and ours says {:?}", both.ours));
        }
        let declared = scenario.spicedb.iter().find(|(_, one)| one == question).map(|(name, _)| name.as_str());
        let differs = !holds(*expected, &both.theirs);
        match declared {
            None if differs => {
                failures.push(format!("{question}: {expected:?} is expected, and SpiceDB says {:?}", both.theirs));
            }
            Some(name) if Difference::ALL.iter().all(|difference| difference.name() != name) => {
                failures.push(format!("{question}: there is no difference {name}"));
            }
            None | Some(_) => {}
        }
    }
    for relationship in &scenario.refused {
        let request = crate::message::write(vec![touch(relationship)]);
        let theirs = pair.spicedb.write(&request).map(|_| ()).map_err(|refusal| refusal.code);
        let ours = pair.ours().write_relationships(request).await.map(|_| ()).map_err(|status| status.code());
        if ours.is_ok() || ours != theirs {
            failures.push(format!("{relationship}: must be refused; ours says {ours:?}, SpiceDB {theirs:?}"));
        }
    }
    failures
}

/// Whether an answer is the expected one. SpiceDB finds a cycle by its depth, ours at once; the code is the same.
fn holds(expected: Expectation, outcome: &Outcome) -> bool {
    match (expected, outcome) {
        (Expectation::Has, Outcome::Has) | (Expectation::No, Outcome::No) => true,
        (Expectation::Cycle, Outcome::Refused(refusal)) => refusal.code == Code::FailedPrecondition,
        (Expectation::Has | Expectation::No | Expectation::Cycle, _) => false,
    }
}
