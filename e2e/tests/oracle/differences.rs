//! Where ours deliberately does not do as SpiceDB does. Whatever is not told here is a defect of one of the two.

use std::path::Path;

use graph::{Answer, Budget, CheckRequest, Relationship};
use tonic::Code;
use worlds::{Reach, World};

use crate::answers::{Outcome, Refusal, is_too_deep};
use crate::message::Question;
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
    /// A userset asks where a wildcard of its type is stored: a wildcard stands for objects.
    WildcardIsNoUserset,
    /// A list is filtered by a permission: there is nothing in it.
    PermissionFiltered,
    /// A name that is empty is an invalid argument, and not one that the schema lacks.
    EmptyName,
    /// A filter has a type: an id alone is refused.
    FilterNeedsType,
    /// A schema that is refused is an invalid argument, whatever is wrong with it.
    SchemaRefusalCode,
    /// An arrow to something that none of the types there has is refused.
    ArrowToNowhere,
    /// A wildcard is not passed on within a type either.
    WildcardWithinType,
    /// A permission has types only under `use typechecking`.
    AnnotationNeedsUse,
    /// A line may end before a `+`, and after `...`.
    LineBreaks,
}

impl Difference {
    pub(crate) const ALL: [Self; 12] = [
        Self::CycleAnswered,
        Self::DepthAnswered,
        Self::NegationCycleRefused,
        Self::WildcardIsNoUserset,
        Self::PermissionFiltered,
        Self::EmptyName,
        Self::FilterNeedsType,
        Self::SchemaRefusalCode,
        Self::ArrowToNowhere,
        Self::WildcardWithinType,
        Self::AnnotationNeedsUse,
        Self::LineBreaks,
    ];

    /// What the document and the scenarios call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CycleAnswered => "cycle-answered",
            Self::DepthAnswered => "depth-answered",
            Self::NegationCycleRefused => "negation-cycle-refused",
            Self::WildcardIsNoUserset => "wildcard-is-no-userset",
            Self::PermissionFiltered => "permission-filtered",
            Self::EmptyName => "empty-name",
            Self::FilterNeedsType => "filter-needs-type",
            Self::SchemaRefusalCode => "schema-refusal-code",
            Self::ArrowToNowhere => "arrow-to-nowhere",
            Self::WildcardWithinType => "wildcard-within-type",
            Self::AnnotationNeedsUse => "annotation-needs-use",
            Self::LineBreaks => "line-breaks",
        }
    }

    /// The difference that explains these answers to a question that leads so far; nothing if none does.
    pub(crate) fn between(world: &World, question: &Question, both: &Both, reach: Reach) -> Option<Self> {
        let Both { ours, theirs } = both;
        if !ours.agrees(theirs) && with_wildcards(world, question).is_some_and(|answer| answer.agrees(theirs)) {
            return Some(Self::WildcardIsNoUserset);
        }
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

    /// The difference that explains what each has against a schema.
    pub(crate) fn between_schemas(ours: Option<&Refusal>, theirs: Option<&Refusal>) -> Option<Self> {
        let says = |text: &str| ours.is_some_and(|refusal| refusal.message.contains(text));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => {
                let of_theirs = matches!(theirs.code, Code::FailedPrecondition | Code::Unknown);
                (ours.code == Code::InvalidArgument && of_theirs).then_some(Self::SchemaRefusalCode)
            }
            (Some(_), None) if says("no type that") => Some(Self::ArrowToNowhere),
            (Some(_), None) if says("a wildcard cannot be passed on") => Some(Self::WildcardWithinType),
            (Some(_), None) if says("add `use typechecking`") => Some(Self::AnnotationNeedsUse),
            (None, Some(theirs)) if theirs.message.contains("Expected end of statement") => Some(Self::LineBreaks),
            (Some(_), None) | (None, Some(_)) | (None, None) => None,
        }
    }

    /// The difference that explains the codes of answers to a request at the edge of the contract.
    pub(crate) fn between_codes(ours: Code, theirs: Code, asked: &str) -> Option<Self> {
        let asks = |rpc: &str, part: &str| asked.starts_with(rpc) && asked.contains(part);
        match (ours, theirs) {
            (Code::Ok, Code::FailedPrecondition) if asks("read", "optional_relation: \"view\"") => {
                Some(Self::PermissionFiltered)
            }
            (Code::InvalidArgument, Code::FailedPrecondition) if asks("check", "\"\"") || asks("expand", "\"\"") => {
                Some(Self::EmptyName)
            }
            (Code::InvalidArgument, Code::Ok) if asks("read", "resource_type: \"\"") => Some(Self::FilterNeedsType),
            _ => None,
        }
    }
}

/// What the answer would be if a wildcard stood for the userset that asks too; nothing if no userset asks, or there is no answer.
fn with_wildcards(world: &World, question: &Question) -> Option<Outcome> {
    let Question { resource, permission, subject } = question;
    subject.relation()?;
    let mut relationships = world.relationships.clone();
    for one in world.relationships.iter() {
        let stored = one.subject().object();
        if stored.is_wildcard() && stored.object_type() == subject.object().object_type() {
            relationships.insert(Relationship::new(one.resource().clone(), one.relation(), subject.clone()).ok()?);
        }
    }
    let request = CheckRequest { resource, permission, subject };
    match graph::check(&world.schema, &relationships, &request, &Budget::default()).ok()? {
        Answer::Has => Some(Outcome::Has),
        Answer::No => Some(Outcome::No),
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
