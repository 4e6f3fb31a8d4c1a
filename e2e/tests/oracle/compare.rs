//! Everything about one world, asked of both.

mod meaning;
mod reads;
mod trees;

use std::collections::BTreeMap;

use graph::{ObjectRef, SubjectRef};
use worlds::{Random, Reach, World, ids, nodes, subjects};

use crate::differences::Difference;
use crate::message::Question;
use crate::pair::Pair;
use crate::report::{Finding, Report};

/// How many questions of a world are asked alone too.
const ALONE: usize = 60;

/// How many lists and trees of a world are compared.
const LISTS: usize = 25;
const TREES: usize = 40;

/// How far questions about each object's relations and permissions lead.
type Reaches = BTreeMap<(ObjectRef, String), Reach>;

/// Loads a world of so many objects of each type on both sides and compares all answers.
pub(crate) async fn compare(pair: &mut Pair, world: &World, objects: usize, random: &mut Random) -> Report {
    let mut report = Report { worlds: 1, ..Report::default() };
    let schema_text = world.schema.to_text();
    if let Err(problem) = pair.load(world, &schema_text).await {
        let finding = Finding { asked: "load the world".to_owned(), ours: problem, theirs: String::new() };
        report.count("WriteRelationships", false, None, || finding);
        return report;
    }
    let ids = ids(objects);
    let nodes = nodes(&world.schema, &ids);
    let reach = |(object, member): &(ObjectRef, String)| Reach::of(&world.schema, &world.relationships, object, member);
    let reaches: Reaches = nodes.iter().map(|node| (node.clone(), reach(node))).collect();
    meaning::compare(pair, &mut report).await;
    for _ in 0..LISTS {
        reads::compare(pair, &world.schema, &reads::random_filter(&world.schema, &ids, random), &mut report).await;
    }
    // What leads round in circles comes last: SpiceDB may get stuck over it.
    let (circles, straight): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| reaches[*node] == Reach::Circle);
    for nodes in [straight, circles] {
        let questions = questions(&nodes, &subjects(&world.schema, &ids));
        for _ in 0..TREES.min(nodes.len()) {
            let node = random.pick(&nodes);
            trees::compare(pair, node, reaches[*node], &mut report).await;
        }
        checks(pair, world, &questions, &reaches, random, &mut report).await;
    }
    report.stuck += u64::from(pair.spicedb.is_stuck());
    report
}

fn questions(nodes: &[&(ObjectRef, String)], subjects: &[SubjectRef]) -> Vec<Question> {
    let question = |subject: &SubjectRef, node: &(ObjectRef, String)| Question {
        resource: node.0.clone(),
        permission: node.1.clone(),
        subject: subject.clone(),
    };
    subjects.iter().flat_map(|subject| nodes.iter().map(move |node| question(subject, node))).collect()
}

/// Asks everything at once, and some of it alone.
async fn checks(
    pair: &mut Pair,
    world: &World,
    questions: &[Question],
    reaches: &Reaches,
    random: &mut Random,
    report: &mut Report,
) {
    let reach = |question: &Question| reaches[&(question.resource.clone(), question.permission.clone())];
    for _ in 0..ALONE.min(questions.len()) {
        let question = random.pick(questions);
        let both = pair.check(question).await;
        if pair.spicedb.is_stuck() {
            return;
        }
        let finding = || finding("CheckPermission", question, &both.ours, &both.theirs);
        let why = Difference::between(world, question, &both, reach(question));
        report.count("CheckPermission", both.ours.agrees(&both.theirs), why, finding);
    }
    for (question, both) in questions.iter().zip(pair.check_bulk(questions).await) {
        let finding = || finding("CheckBulkPermissions", question, &both.ours, &both.theirs);
        let why = Difference::between(world, question, &both, reach(question));
        report.count("CheckBulkPermissions", both.ours.agrees(&both.theirs), why, finding);
    }
}

fn finding(
    rpc: &str,
    asked: impl std::fmt::Display,
    ours: &impl std::fmt::Debug,
    theirs: &impl std::fmt::Debug,
) -> Finding {
    Finding { asked: format!("{rpc} {asked}"), ours: format!("{ours:?}"), theirs: format!("{theirs:?}") }
}
