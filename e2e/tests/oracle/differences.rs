//! Where ours deliberately does not do as SpiceDB does. Whatever is not told here is a defect of one of the two.

use std::path::Path;

use tonic::Code;
use worlds::Reach;

use crate::answers::{Outcome, is_too_deep};
use crate::pair::Both;

/// The document with a row for each.
const DOCUMENT: &str = "docs/reference/spicedb-differences.md";

/// From how many steps on SpiceDB may give up. It takes 50, of which a question costs one or two before the first.
const SPICEDB_STEPS: usize = 45;

/// A deliberate difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The question leads back to where it was: SpiceDB gives up, ours answers.
    CycleAnswered,
    /// The question leads further than SpiceDB goes.
    DepthAnswered,
    /// The question depends on its own denial: ours refuses whoever asks, SpiceDB only if it comes that way.
    NegationCycleRefused,
}

impl Difference {
    pub(crate) const ALL: [Self; 3] = [Self::CycleAnswered, Self::DepthAnswered, Self::NegationCycleRefused];

    /// What the document and the scenarios call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CycleAnswered => "cycle-answered",
            Self::DepthAnswered => "depth-answered",
            Self::NegationCycleRefused => "negation-cycle-refused",
        }
    }

    /// The difference that explains these answers to a question that leads so far; nothing if none does.
    pub(crate) fn between(both: &Both, reach: Reach) -> Option<Self> {
        let Both { ours, theirs } = both;
        match (ours, theirs) {
            (Outcome::Has | Outcome::No, Outcome::Refused(refusal)) if is_too_deep(refusal) => match reach {
                Reach::Circle => Some(Self::CycleAnswered),
                Reach::Steps(steps) => (steps >= SPICEDB_STEPS).then_some(Self::DepthAnswered),
            },
            (Outcome::Refused(refusal), Outcome::Has | Outcome::No) => {
                let through_negation = refusal.code == Code::FailedPrecondition && reach == Reach::Circle;
                through_negation.then_some(Self::NegationCycleRefused)
            }
            (Outcome::Has | Outcome::No | Outcome::Refused(_), _) => None,
        }
    }
}

#[test]
fn every_deliberate_difference_has_a_row_that_names_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join(DOCUMENT)).unwrap();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    for difference in Difference::ALL {
        let named = format!("| `{}` |", difference.name());
        assert_eq!(rows.iter().filter(|row| row.starts_with(&named)).count(), 1, "{named} in {DOCUMENT}");
    }
    for row in rows {
        let test = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let (file, name) = test.trim_matches('`').split_once("::").unwrap_or((test.trim_matches('`'), ""));
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{row}: {file}: {error}"));
        assert!(name.is_empty() || text.contains(&format!("fn {name}(")), "{row}: there is no such test");
    }
}
