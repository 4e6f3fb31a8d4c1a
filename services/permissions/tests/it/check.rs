//! One question.

use chassis::Reason;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::{CheckRequest, Consistency, Permissionship};

use crate::world::{World, at_least, check_request, fully_consistent, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_follows_from_groups_wildcards_and_exclusions() {
    let world = World::with_schema().await;
    world
        .touch(&[
            "group:all#member@group:eng#member",
            "group:eng#member@user:alice",
            "document:plan#viewer@group:all#member",
            "document:plan#viewer@user:mallory",
            "document:plan#banned@user:mallory",
            "document:news#viewer@user:*",
            "document:news#banned@user:mallory",
        ])
        .await;
    for (resource, permission, subject, expected) in [
        ("document:plan", "view", "user:alice", true),
        ("document:plan", "view", "user:bob", false),
        ("document:plan", "view", "user:mallory", false),
        ("document:plan", "viewer", "user:mallory", true),
        ("document:news", "view", "user:bob", true),
        ("document:news", "view", "user:mallory", false),
        ("document:never-written", "view", "user:alice", false),
        ("group:eng", "member", "group:eng#member", true),
        ("group:all", "member", "group:eng#member", true),
        ("group:eng", "member", "group:all#member", false),
    ] {
        assert_eq!(world.has(resource, permission, subject).await, expected, "{resource} {permission} {subject}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cycle_of_groups_is_answered_and_one_through_a_negation_is_an_error() {
    let world = World::start().await;
    world
        .write_schema(
            "definition user {}
             definition group { relation member: user | group#member\n relation out: user | group#odd\n permission odd = member - out\n }",
        )
        .await
        .unwrap();
    world.touch(&["group:one#member@group:two#member", "group:two#member@group:one#member"]).await;
    assert!(!world.has("group:one", "member", "user:alice").await);

    let token = world.touch(&["group:odd#member@user:alice", "group:odd#out@group:odd#odd"]).await;
    let asked = world.ask(world.caller(), ("group:odd", "odd", "user:alice"), at_least(&token)).await;
    let (reason, message) = refused(asked);
    assert_eq!(reason, Reason::CycleThroughNegation);
    assert!(message.contains("group:odd#odd"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_schema_lacks_is_said_and_differs_from_what_does_not_exist() {
    let world = World::with_schema().await;
    for (question, expected) in [
        (("folder:a", "view", "user:alice"), Reason::SchemaTypeUnknown),
        (("document:a", "view", "robot:alice"), Reason::SchemaTypeUnknown),
        (("document:a", "edit", "user:alice"), Reason::SchemaRelationUnknown),
        (("document:a", "view", "group:eng#owner"), Reason::SchemaRelationUnknown),
        (("document:*", "view", "user:alice"), Reason::SubjectNotAllowed),
        (("document:a", "view", "user:*"), Reason::SubjectNotAllowed),
    ] {
        let (reason, _) = refused(world.ask(world.caller(), question, fully_consistent()).await);
        assert_eq!(reason, expected, "{question:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_schema_every_type_is_unknown() {
    let world = World::start().await;
    let (reason, _) = refused(world.ask(world.caller(), ("document:a", "view", "user:alice"), None).await);
    assert_eq!(reason, Reason::SchemaTypeUnknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_field_is_named() {
    let world = World::with_schema().await;
    let good = check_request(("document:a", "view", "user:alice"), None);
    let with = |change: fn(&mut CheckRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    for (request, field) in [
        (with(|request| request.resource = None), "resource: "),
        (with(|request| request.subject = None), "subject: "),
        (with(|request| request.subject.as_mut().unwrap().object = None), "subject.object: "),
        (with(|request| request.subject.as_mut().unwrap().relation = "...".to_owned()), "subject.relation: "),
        (with(|request| request.subject.as_mut().unwrap().relation = "X".to_owned()), "subject.relation: "),
        (with(|request| request.permission = String::new()), "permission: "),
        (with(|request| request.permission = "...".to_owned()), "permission: "),
        (with(|request| request.permission = "no".to_owned()), "permission: "),
        (with(|request| request.resource.as_mut().unwrap().object_type = "Doc".to_owned()), "resource.object_type: "),
        (with(|request| request.resource.as_mut().unwrap().object_id = String::new()), "resource.object_id: "),
        (with(|request| request.resource.as_mut().unwrap().object_id = "x".repeat(1_025)), "resource.object_id: "),
        (with(|request| request.resource.as_mut().unwrap().object_id = "a\0b".to_owned()), "resource.object_id: "),
    ] {
        let (reason, message) = refused(world.permissions(world.caller()).check(request).await);
        assert_eq!(reason, Reason::FieldInvalid, "{message}");
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_requirement_that_is_given_must_be_true() {
    let world = World::with_schema().await;
    for requirement in [Requirement::MinimizeLatency(false), Requirement::FullyConsistent(false)] {
        let consistency = Some(Consistency { requirement: Some(requirement) });
        let asked = world.ask(world.caller(), ("document:a", "view", "user:alice"), consistency).await;
        assert_eq!(refused(asked).0, Reason::FieldInvalid);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_reaches_too_far_is_refused_by_the_limits_name() {
    let world = World::start_with(|config| {
        config.traversal_nodes_max = 50;
        config.traversal_edges_max = 10_000;
    })
    .await;
    let schema = "definition user {}
        definition folder {
            relation parent: folder
            relation viewer: user
            permission view = viewer + parent->view
        }";
    world.write_schema(schema).await.unwrap();
    let chain: Vec<String> = (0..60).map(|at| format!("folder:f{at}#parent@folder:f{}", at + 1)).collect();
    world.touch(&chain.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.touch(&["folder:elsewhere#viewer@user:alice"]).await;
    let (reason, message) =
        refused(world.ask(world.caller(), ("folder:f0", "view", "user:alice"), fully_consistent()).await);
    assert_eq!(reason, Reason::TraversalBudgetExhausted);
    assert!(message.contains("nodes_max") && message.contains("50"), "{message}");
    assert!(!world.has("folder:f30", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_needs_more_than_is_answered_on_the_spot_is_answered_too() {
    let world = World::with_schema().await;
    let chain: Vec<String> = (0..1_000).map(|at| format!("group:g{at}#member@group:g{}#member", at + 1)).collect();
    world.touch(&chain.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.touch(&["group:g1000#member@user:alice"]).await;
    assert!(world.has("group:g0", "member", "user:alice").await);
    assert!(!world.has("group:g0", "member", "user:bob").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_do_not_see_each_others_relationships() {
    let world = World::with_schema().await;
    world.touch(&["document:plan#viewer@user:alice"]).await;
    world
        .schemas(world.stranger())
        .write_schema(contract::permissions::v1::WriteSchemaRequest { schema_text: crate::world::SCHEMA.to_owned() })
        .await
        .unwrap();
    let asked = world.ask(world.stranger(), ("document:plan", "view", "user:alice"), fully_consistent()).await.unwrap();
    assert_eq!(asked.permissionship(), Permissionship::NoPermission);
    assert!(world.has("document:plan", "view", "user:alice").await);
}
