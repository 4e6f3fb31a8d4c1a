//! Questions and trees in SpiceDB's contract.

use contract::authzed::api::v1::algebraic_subject_set::Operation;
use contract::authzed::api::v1::check_bulk_permissions_pair::Response;
use contract::authzed::api::v1::check_permission_response::Permissionship;
use contract::authzed::api::v1::consistency::Requirement;
use contract::authzed::api::v1::permission_relationship_tree::TreeType;
use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use contract::authzed::api::v1::{
    CheckBulkPermissionsRequest, CheckBulkPermissionsRequestItem, CheckPermissionRequest, CheckPermissionResponse,
    Consistency, ExpandPermissionTreeRequest, ObjectReference, PermissionRelationshipTree, SubjectReference, ZedToken,
};
use contract::permissions::v1::relationship_update::Operation as Update;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{Shown, World};

pub(crate) fn client(world: &World) -> PermissionsServiceClient<Shown> {
    PermissionsServiceClient::with_interceptor(world.harness.channel(), world.caller())
}

/// `type:id`
pub(crate) fn object(text: &str) -> Option<ObjectReference> {
    let (object_type, object_id) = text.split_once(':').unwrap();
    Some(ObjectReference { object_type: object_type.to_owned(), object_id: object_id.to_owned() })
}

/// `type:id` or `type:id#relation`
pub(crate) fn subject(text: &str) -> Option<SubjectReference> {
    let (object_text, relation) = text.split_once('#').unwrap_or((text, ""));
    Some(SubjectReference { object: object(object_text), optional_relation: relation.to_owned() })
}

pub(crate) fn fully_consistent() -> Option<Consistency> {
    Some(Consistency { requirement: Some(Requirement::FullyConsistent(true)) })
}

/// The code, and the domain and name of the reason.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String, String) {
    let status = result.expect_err("this must be refused");
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    (status.code(), info.domain, info.reason)
}

/// The name of a refusal's reason.
pub(crate) fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

pub(crate) fn theirs(code: Code, name: &str) -> (Code, String, String) {
    (code, "authzed.com".to_owned(), format!("ERROR_REASON_{name}"))
}

pub(crate) fn ours(code: Code, name: &str) -> (Code, String, String) {
    (code, "bailiwick".to_owned(), name.to_owned())
}

fn question(resource: &str, permission: &str, who: &str) -> CheckPermissionRequest {
    CheckPermissionRequest {
        consistency: fully_consistent(),
        resource: object(resource),
        permission: permission.to_owned(),
        subject: subject(who),
        ..CheckPermissionRequest::default()
    }
}

async fn check(world: &World, request: CheckPermissionRequest) -> Result<CheckPermissionResponse, Status> {
    Ok(client(world).check_permission(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_as_ours_is() {
    let world = World::with_schema().await;
    world.touch(&["document:a#viewer@group:g#member", "group:g#member@user:alice"]).await;
    for (who, expected) in [
        ("user:alice", Permissionship::HasPermission),
        ("user:bob", Permissionship::NoPermission),
        ("group:g#member", Permissionship::HasPermission),
    ] {
        let answer = check(&world, question("document:a", "view", who)).await.unwrap();
        assert_eq!(answer.permissionship(), expected, "{who}");
        assert!(!answer.checked_at.unwrap().token.is_empty());
    }
    // A userset is a member of itself, and an unknown object is no error.
    let answer = check(&world, question("group:none", "member", "group:none#member")).await.unwrap();
    assert_eq!(answer.permissionship(), Permissionship::HasPermission);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_has_their_codes_and_reasons() {
    let world = World::with_schema().await;
    let cases = [
        (question("folder:a", "view", "user:a"), theirs(Code::FailedPrecondition, "UNKNOWN_DEFINITION")),
        (question("document:a", "edit", "user:a"), theirs(Code::FailedPrecondition, "UNKNOWN_RELATION_OR_PERMISSION")),
        (question("document:a", "view", "user:*"), theirs(Code::InvalidArgument, "WILDCARD_NOT_ALLOWED")),
        (question("document:*", "view", "user:a"), theirs(Code::InvalidArgument, "WILDCARD_NOT_ALLOWED")),
        (question("document:a", "v", "user:a"), ours(Code::InvalidArgument, "FIELD_INVALID")),
        (CheckPermissionRequest::default(), ours(Code::InvalidArgument, "FIELD_INVALID")),
    ];
    for (request, expected) in cases {
        assert_eq!(refused(check(&world, request.clone()).await), expected, "{request:?}");
    }
    let traced = CheckPermissionRequest { with_tracing: true, ..question("document:a", "view", "user:a") };
    assert_eq!(refused(check(&world, traced).await), ours(Code::Unimplemented, "FEATURE_NOT_SERVED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exact_snapshot_is_answered_after_later_writes_too() {
    let world = World::with_schema().await;
    let token = world.touch(&["document:a#viewer@user:alice"]).await;
    let exactly = |token: &str| CheckPermissionRequest {
        consistency: Some(Consistency {
            requirement: Some(Requirement::AtExactSnapshot(ZedToken { token: token.to_owned() })),
        }),
        ..question("document:a", "view", "user:alice")
    };
    let answer = check(&world, exactly(&token)).await.unwrap();
    assert_eq!(answer.permissionship(), Permissionship::HasPermission);
    world.write(&[(Update::Delete, "document:a#viewer@user:alice")]).await.unwrap();
    let now = check(&world, question("document:a", "view", "user:alice")).await.unwrap();
    assert_eq!(now.permissionship(), Permissionship::NoPermission);
    let then = check(&world, exactly(&token)).await.unwrap();
    assert_eq!(then.permissionship(), Permissionship::HasPermission);
    assert_eq!(then.checked_at, Some(ZedToken { token: token.clone() }));
    let forged = refused(check(&world, exactly("forged")).await);
    assert_eq!(forged, ours(Code::InvalidArgument, "CONSISTENCY_TOKEN_INVALID"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_questions_has_its_own_answer_or_status() {
    let world = World::with_schema().await;
    world.touch(&["document:a#viewer@user:alice"]).await;
    let item = |resource: &str, permission: &str, who: &str| CheckBulkPermissionsRequestItem {
        resource: object(resource),
        permission: permission.to_owned(),
        subject: subject(who),
        context: None,
    };
    let items = vec![
        item("document:a", "view", "user:alice"),
        item("folder:a", "view", "user:alice"),
        item("document:a", "view", "user:bob"),
    ];
    let request =
        CheckBulkPermissionsRequest { consistency: fully_consistent(), items: items.clone(), with_tracing: false };
    let answer = client(&world).check_bulk_permissions(request).await.unwrap().into_inner();
    let asked: Vec<_> = answer.pairs.iter().map(|pair| pair.request.clone().unwrap()).collect();
    assert_eq!(asked, items);
    let outcome = |index: usize| answer.pairs[index].response.clone().unwrap();
    let Response::Item(first) = outcome(0) else { panic!("{:?}", outcome(0)) };
    assert_eq!(first.permissionship(), Permissionship::HasPermission);
    let Response::Error(second) = outcome(1) else { panic!("{:?}", outcome(1)) };
    assert_eq!(second.code, i32::from(Code::FailedPrecondition));
    assert_eq!(second.details[0].type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    let Response::Item(third) = outcome(2) else { panic!("{:?}", outcome(2)) };
    assert_eq!(third.permissionship(), Permissionship::NoPermission);

    let items = vec![item("document:a", "view", "user:a"); 10_001];
    let request = CheckBulkPermissionsRequest { consistency: None, items, with_tracing: false };
    let refusal = refused(client(&world).check_bulk_permissions(request).await);
    assert_eq!(refusal, theirs(Code::InvalidArgument, "TOO_MANY_CHECKS_IN_REQUEST"));
}

fn leaf(tree: &PermissionRelationshipTree) -> Vec<String> {
    let Some(TreeType::Leaf(leaf)) = &tree.tree_type else { panic!("{tree:?} is no leaf") };
    let text = |subject: &SubjectReference| {
        let object = subject.object.as_ref().unwrap();
        format!("{}:{}#{}", object.object_type, object.object_id, subject.optional_relation)
    };
    leaf.subjects.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_is_expanded_and_its_groups_are_not_opened() {
    let world = World::with_schema().await;
    world
        .touch(&[
            "document:a#viewer@user:alice",
            "document:a#viewer@group:g#member",
            "document:a#banned@user:eve",
            "group:g#member@user:bob",
        ])
        .await;
    let request = |resource: &str, permission: &str| ExpandPermissionTreeRequest {
        consistency: fully_consistent(),
        resource: object(resource),
        permission: permission.to_owned(),
    };
    let answer = client(&world).expand_permission_tree(request("document:a", "view")).await.unwrap().into_inner();
    let root = answer.tree_root.unwrap();
    assert_eq!((root.expanded_object.clone(), root.expanded_relation.as_str()), (object("document:a"), "view"));
    let Some(TreeType::Intermediate(set)) = &root.tree_type else { panic!("{root:?}") };
    assert_eq!(set.operation(), Operation::Exclusion);
    assert_eq!(leaf(&set.children[0]), ["group:g#member", "user:alice#"]);
    assert_eq!(leaf(&set.children[1]), ["user:eve#"]);

    let group = client(&world).expand_permission_tree(request("group:g", "member")).await.unwrap().into_inner();
    assert_eq!(leaf(&group.tree_root.unwrap()), ["user:bob#"]);
    let everything = refused(client(&world).expand_permission_tree(request("document:*", "view")).await);
    assert_eq!(everything, ours(Code::InvalidArgument, "FIELD_INVALID"));
    let unknown = refused(client(&world).expand_permission_tree(request("document:a", "edit")).await);
    assert_eq!(unknown, theirs(Code::FailedPrecondition, "UNKNOWN_RELATION_OR_PERMISSION"));
}
