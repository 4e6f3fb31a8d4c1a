//! Lists of relationships under random filters.

use contract::authzed::api::v1::subject_filter::RelationFilter;
use contract::authzed::api::v1::{ReadRelationshipsRequest, RelationshipFilter, SubjectFilter};
use graph::Schema;
use worlds::Random;

use super::finding;
use crate::answers::Refusal;
use crate::differences::Difference;
use crate::message::{fully_consistent, text};
use crate::pair::Pair;
use crate::report::Report;

/// Any fields that a filter may have, mostly with what is there and sometimes with what is not.
pub(super) fn random_filter(schema: &Schema, ids: &[String], random: &mut Random) -> RelationshipFilter {
    let mut types: Vec<&str> = schema.definitions().iter().map(|definition| definition.name()).collect();
    let mut members: Vec<&str> =
        schema.definitions().iter().flat_map(|definition| definition.members()).map(|member| member.name()).collect();
    if random.one_in(8) || members.is_empty() {
        types.push("nothing");
        members.push("nowhere");
    }
    let mut maybe = |choices: &[&str], times: u64| {
        if random.one_in(times) { (*random.pick(choices)).to_owned() } else { String::new() }
    };
    let mut known_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    known_ids.push("unheard-of");
    let subject_types = maybe(&types, 2);
    known_ids.push("*");
    let subject = SubjectFilter {
        subject_type: subject_types,
        optional_subject_id: maybe(&known_ids, 2),
        optional_relation: match maybe(&["any", "none", "some"], 1).as_str() {
            "any" => None,
            "none" => Some(RelationFilter { relation: String::new() }),
            _ => Some(RelationFilter { relation: maybe(&members, 1) }),
        },
    };
    known_ids.pop();
    RelationshipFilter {
        resource_type: maybe(&types, 1),
        optional_resource_id: maybe(&known_ids, 3),
        optional_relation: maybe(&members, 2),
        optional_subject_filter: (!subject.subject_type.is_empty()).then_some(subject),
        ..RelationshipFilter::default()
    }
}

/// Compares what both list, whatever the order, and whether both refuse.
pub(super) async fn compare(pair: &mut Pair, schema: &Schema, filter: &RelationshipFilter, report: &mut Report) {
    let request = ReadRelationshipsRequest {
        consistency: fully_consistent(),
        relationship_filter: Some(filter.clone()),
        ..ReadRelationshipsRequest::default()
    };
    let sorted = |answer: Result<Vec<_>, Refusal>| -> Result<Vec<String>, Refusal> {
        let mut all: Vec<String> = answer?
            .iter()
            .map(|answer: &contract::authzed::api::v1::ReadRelationshipsResponse| {
                text(answer.relationship.as_ref().expect("an item has a relationship"))
            })
            .collect();
        all.sort();
        Ok(all)
    };
    let theirs = sorted(pair.spicedb.read(&request));
    let ours = sorted(pair.read_ours(request).await);
    let is_permission = !filter.optional_relation.is_empty()
        && schema.definition(&filter.resource_type).is_some_and(|of| of.is_permission(&filter.optional_relation));
    let why = (is_permission && matches!((&ours, &theirs), (Ok(ours), Err(_)) if ours.is_empty()))
        .then_some(Difference::PermissionFiltered);
    let same = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(ours), Err(theirs)) => ours.code == theirs.code,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    };
    let finding = || finding("ReadRelationships", format!("{filter:?}"), &ours, &theirs);
    report.count("ReadRelationships", same, why, finding);
}
