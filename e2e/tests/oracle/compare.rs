//! Everything about one world, asked of both.

mod reads;
mod trees;

use std::collections::BTreeMap;

use graph::{ObjectRef, Schema};
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
    let subjects = subjects(&world.schema, &ids);
    let mut questions = Vec::with_capacity(nodes.len() * subjects.len());
    for subject in &subjects {
        questions.extend(nodes.iter().map(|(resource, permission)| Question {
            resource: resource.clone(),
            permission: permission.clone(),
            subject: subject.clone(),
        }));
    }
    checks(pair, &questions, &reaches, random, &mut report).await;
    schema(pair, &mut report).await;
    for _ in 0..LISTS {
        reads::compare(pair, &reads::random_filter(&world.schema, &ids, random), &mut report).await;
    }
    for _ in 0..TREES {
        let node = random.pick(&nodes);
        trees::compare(pair, node, reaches[node], &mut report).await;
    }
    report
}

/// Asks everything at once, and some of it alone; what SpiceDB has no answer to in company, alone too: it works on several objects
/// at a time, and one that leads too far takes the others with it.
async fn checks(pair: &mut Pair, questions: &[Question], reaches: &Reaches, random: &mut Random, report: &mut Report) {
    let reach = |question: &Question| reaches[&(question.resource.clone(), question.permission.clone())];
    let mut alone: Vec<&Question> = (0..ALONE).map(|_| random.pick(questions)).collect();
    for (question, both) in questions.iter().zip(pair.check_bulk(questions).await) {
        let same = both.ours.agrees(&both.theirs);
        if !same && both.theirs.is_too_deep() && reach(question) != Reach::Circle {
            alone.push(question);
            continue;
        }
        let finding = || finding("CheckBulkPermissions", question, &both.ours, &both.theirs);
        report.count("CheckBulkPermissions", same, Difference::between(&both, reach(question)), finding);
    }
    for question in alone {
        let both = pair.check(question).await;
        let finding = || finding("CheckPermission", question, &both.ours, &both.theirs);
        let why = Difference::between(&both, reach(question));
        report.count("CheckPermission", both.ours.agrees(&both.theirs), why, finding);
    }
}

/// The schema that each gives back says the same.
async fn schema(pair: &mut Pair, report: &mut Report) {
    let theirs = pair.spicedb.read_schema().unwrap().schema_text;
    let ours = pair.our_schemas().read_schema(contract::authzed::api::v1::ReadSchemaRequest {}).await;
    let ours = ours.unwrap().into_inner().schema_text;
    let meaning = |text: &str| -> Result<Vec<String>, String> {
        let schema = Schema::parse(text).map_err(|errors| errors.to_string())?;
        let mut definitions: Vec<String> =
            schema.definitions().iter().map(|one| format!("{}: {:?}", one.name(), one.members())).collect();
        definitions.sort();
        Ok(definitions)
    };
    let same = meaning(&ours).is_ok() && meaning(&ours) == meaning(&theirs);
    report.count("ReadSchema", same, None, || finding("ReadSchema", "", &ours, &theirs));
}

fn finding(
    rpc: &str,
    asked: impl std::fmt::Display,
    ours: &impl std::fmt::Debug,
    theirs: &impl std::fmt::Debug,
) -> Finding {
    Finding { asked: format!("{rpc} {asked}"), ours: format!("{ours:?}"), theirs: format!("{theirs:?}") }
}
