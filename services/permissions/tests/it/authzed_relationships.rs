//! Changes and lists in SpiceDB's contract.

use contract::authzed::api::v1::delete_relationships_response::DeletionProgress;
use contract::authzed::api::v1::precondition::Operation as Expected;
use contract::authzed::api::v1::relationship_update::Operation;
use contract::authzed::api::v1::{
    ContextualizedCaveat, Cursor, DeleteRelationshipsRequest, Precondition, ReadRelationshipsRequest,
    ReadRelationshipsResponse, Relationship, RelationshipFilter, RelationshipUpdate, SubjectFilter,
    WriteRelationshipsRequest,
};
use tonic::{Code, Status};

use crate::authzed_check::{client, fully_consistent, object, ours, refused, subject, theirs};
use crate::world::World;

fn update(operation: Operation, resource: &str, relation: &str, who: &str) -> RelationshipUpdate {
    let relationship = Relationship {
        resource: object(resource),
        relation: relation.to_owned(),
        subject: subject(who),
        ..Relationship::default()
    };
    RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) }
}

fn viewer(operation: Operation, id: &str, who: &str) -> RelationshipUpdate {
    update(operation, &format!("document:{id}"), "viewer", who)
}

async fn write(world: &World, updates: Vec<RelationshipUpdate>) -> Result<String, Status> {
    let request = WriteRelationshipsRequest { updates, ..WriteRelationshipsRequest::default() };
    Ok(client(world).write_relationships(request).await?.into_inner().written_at.unwrap().token)
}

fn documents() -> Option<RelationshipFilter> {
    Some(RelationshipFilter { resource_type: "document".to_owned(), ..RelationshipFilter::default() })
}

async fn read(world: &World, request: ReadRelationshipsRequest) -> Result<Vec<ReadRelationshipsResponse>, Status> {
    let mut answers = client(world).read_relationships(request).await?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    Ok(all)
}

fn id(answer: &ReadRelationshipsResponse) -> String {
    answer.relationship.clone().unwrap().resource.unwrap().object_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_written_has_their_codes_and_reasons() {
    let world = World::with_schema().await;
    write(&world, vec![viewer(Operation::Create, "a", "user:alice")]).await.unwrap();
    let (create, touch) = (Operation::Create, Operation::Touch);
    let twice = vec![viewer(touch, "b", "user:b"), viewer(Operation::Delete, "b", "user:b")];
    let cases = [
        (vec![viewer(create, "a", "user:alice")], theirs(Code::AlreadyExists, "ATTEMPT_TO_RECREATE_RELATIONSHIP")),
        (twice, theirs(Code::InvalidArgument, "UPDATES_ON_SAME_RELATIONSHIP")),
        (
            vec![update(touch, "document:a", "view", "user:a")],
            theirs(Code::InvalidArgument, "CANNOT_UPDATE_PERMISSION"),
        ),
        (vec![viewer(touch, "a", "document:a")], theirs(Code::InvalidArgument, "INVALID_SUBJECT_TYPE")),
        (vec![update(touch, "folder:a", "viewer", "user:a")], theirs(Code::FailedPrecondition, "UNKNOWN_DEFINITION")),
        (
            (0..1_001).map(|at| viewer(touch, &at.to_string(), "user:a")).collect(),
            theirs(Code::InvalidArgument, "TOO_MANY_UPDATES_IN_REQUEST"),
        ),
    ];
    for (updates, expected) in cases {
        assert_eq!(refused(write(&world, updates).await), expected);
    }
    write(&world, vec![viewer(Operation::Delete, "nothing", "user:a")]).await.unwrap();

    let mut conditional = viewer(touch, "a", "user:bob");
    let caveat = ContextualizedCaveat { caveat_name: "weekday".to_owned(), context: None };
    conditional.relationship.as_mut().unwrap().optional_caveat = Some(caveat);
    assert_eq!(refused(write(&world, vec![conditional]).await), ours(Code::Unimplemented, "FEATURE_NOT_SERVED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_precondition_that_does_not_hold_leaves_everything_as_it_was() {
    let world = World::with_schema().await;
    let filter = documents();
    let precondition = |operation: Expected| Precondition { operation: operation.into(), filter: filter.clone() };
    let request = |operation| WriteRelationshipsRequest {
        updates: vec![viewer(Operation::Touch, "a", "user:alice")],
        optional_preconditions: vec![precondition(operation)],
        optional_transaction_metadata: None,
    };
    let failed = theirs(Code::FailedPrecondition, "WRITE_OR_DELETE_PRECONDITION_FAILURE");
    assert_eq!(refused(client(&world).write_relationships(request(Expected::MustMatch)).await), failed);
    client(&world).write_relationships(request(Expected::MustNotMatch)).await.unwrap();
    assert_eq!(refused(client(&world).write_relationships(request(Expected::MustNotMatch)).await), failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_streams_every_page_and_goes_on_after_any_relationship() {
    let world = World::with_schema().await;
    for part in 0..3 {
        let updates = (0..700).map(|at| viewer(Operation::Touch, &format!("d{part}{at:03}"), "user:alice")).collect();
        write(&world, updates).await.unwrap();
    }
    let request = ReadRelationshipsRequest {
        consistency: fully_consistent(),
        relationship_filter: documents(),
        ..ReadRelationshipsRequest::default()
    };
    let all = read(&world, request.clone()).await.unwrap();
    assert_eq!(all.len(), 2_100);
    assert!(all.iter().all(|answer| answer.read_at == all[0].read_at));
    assert!(all.windows(2).all(|two| id(&two[0]) < id(&two[1])));

    // A cursor pins its revision: what is written later is not in the rest of the list.
    write(&world, vec![viewer(Operation::Touch, "d0004x", "user:alice")]).await.unwrap();
    let cursor: Option<Cursor> = all[4].after_result_cursor.clone();
    let rest = ReadRelationshipsRequest { optional_limit: 3, optional_cursor: cursor, ..request.clone() };
    let rest_ids: Vec<String> = read(&world, rest.clone()).await.unwrap().iter().map(id).collect();
    assert_eq!(rest_ids, ["d0005", "d0006", "d0007"]);

    let mut other = rest;
    other.relationship_filter.as_mut().unwrap().optional_relation = "banned".to_owned();
    assert_eq!(refused(read(&world, other).await), theirs(Code::InvalidArgument, "INVALID_CURSOR"));
    let too_many = ReadRelationshipsRequest { optional_limit: 1_001, ..request };
    let refusal = refused(read(&world, too_many).await);
    assert_eq!(refusal, theirs(Code::InvalidArgument, "EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT"));
    let filtered = |adjust: fn(&mut RelationshipFilter)| {
        let mut filter = documents().unwrap();
        adjust(&mut filter);
        ReadRelationshipsRequest { relationship_filter: Some(filter), ..ReadRelationshipsRequest::default() }
    };
    let of_no_type = filtered(|filter| filter.optional_subject_filter = Some(SubjectFilter::default()));
    assert_eq!(refused(read(&world, of_no_type).await), ours(Code::InvalidArgument, "FIELD_INVALID"));
    let of_everything = filtered(|filter| "*".clone_into(&mut filter.optional_resource_id));
    assert_eq!(refused(read(&world, of_everything).await), ours(Code::InvalidArgument, "FIELD_INVALID"));
    let empty = ReadRelationshipsRequest::default();
    assert_eq!(refused(read(&world, empty).await), ours(Code::InvalidArgument, "FIELD_INVALID"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_says_how_many_and_whether_that_was_all() {
    let world = World::with_schema().await;
    let updates = (0..5).map(|at| viewer(Operation::Touch, &format!("d{at}"), "user:alice")).collect();
    write(&world, updates).await.unwrap();
    let delete = |limit, partial| DeleteRelationshipsRequest {
        relationship_filter: documents(),
        optional_limit: limit,
        optional_allow_partial_deletions: partial,
        ..DeleteRelationshipsRequest::default()
    };
    let refusal = refused(client(&world).delete_relationships(delete(2, false)).await);
    assert_eq!(refusal, theirs(Code::InvalidArgument, "TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE"));
    let some = client(&world).delete_relationships(delete(2, true)).await.unwrap().into_inner();
    assert_eq!((some.deletion_progress(), some.relationships_deleted_count), (DeletionProgress::Partial, 2));
    let rest = client(&world).delete_relationships(delete(0, false)).await.unwrap().into_inner();
    assert_eq!((rest.deletion_progress(), rest.relationships_deleted_count), (DeletionProgress::Complete, 3));
}
