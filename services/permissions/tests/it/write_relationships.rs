//! Changing relationships.

use chassis::Reason;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{Relationship, RelationshipUpdate};

use crate::world::{SCHEMA, World, fully_consistent, refused, relationship, update};

const FACT: &str = "document:plan#viewer@user:alice";

async fn head(world: &World) -> i64 {
    sqlx::query_scalar("SELECT revision FROM revision_head").fetch_one(world.harness.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_touch_and_delete_do_what_they_say() {
    let world = World::with_schema().await;
    let there = async || world.has("document:plan", "viewer", "user:alice").await;

    world.write(&[(Operation::Create, FACT)]).await.unwrap();
    assert!(there().await);
    let (reason, message) = refused(world.write(&[(Operation::Create, FACT)]).await);
    assert_eq!(reason, Reason::RelationshipExists);
    assert!(message.contains("updates[0]") && message.contains(FACT), "{message}");

    world.write(&[(Operation::Touch, FACT)]).await.unwrap();
    assert!(there().await);
    world.write(&[(Operation::Delete, FACT)]).await.unwrap();
    assert!(!there().await);
    world.write(&[(Operation::Delete, FACT)]).await.unwrap();
    world.write(&[(Operation::Create, FACT)]).await.unwrap();
    assert!(there().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_nothing_takes_no_revision() {
    let world = World::with_schema().await;
    world.touch(&[FACT]).await;
    let before = head(&world).await;
    let touched = world.write(&[(Operation::Touch, FACT)]).await.unwrap();
    let deleted = world.write(&[(Operation::Delete, "document:other#viewer@user:alice")]).await.unwrap();
    let nothing = world.write(&[]).await.unwrap();
    assert_eq!((head(&world).await, &touched, &deleted), (before, &nothing, &nothing));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_made_whole_or_not_at_all() {
    let world = World::with_schema().await;
    world.touch(&[FACT]).await;
    let before = head(&world).await;
    let changes = [(Operation::Touch, "document:new#viewer@user:alice"), (Operation::Create, FACT)];
    let (reason, message) = refused(world.write(&changes).await);
    assert_eq!(reason, Reason::RelationshipExists);
    assert!(message.contains("updates[1]"), "{message}");
    assert!(!world.has("document:new", "view", "user:alice").await);
    assert_eq!(head(&world).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relationship_stands_once_in_a_request() {
    let world = World::with_schema().await;
    for second in [Operation::Create, Operation::Touch, Operation::Delete] {
        let other = "document:other#viewer@user:alice";
        let changes = [(Operation::Touch, FACT), (Operation::Touch, other), (second, FACT)];
        let (reason, message) = refused(world.write(&changes).await);
        assert_eq!(reason, Reason::RelationshipRepeated);
        assert!(message.contains("updates[2]"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_schema_does_not_allow_is_refused_with_place_and_reason() {
    let world = World::with_schema().await;
    for (wrong, expected, field) in [
        ("folder:a#viewer@user:alice", Reason::SchemaTypeUnknown, "relationship.resource.object_type"),
        ("document:a#viewer@robot:alice", Reason::SchemaTypeUnknown, "relationship.subject.object.object_type"),
        ("document:a#editor@user:alice", Reason::SchemaRelationUnknown, "relationship.relation"),
        ("document:a#viewer@group:eng#owner", Reason::SchemaRelationUnknown, "relationship.subject.relation"),
        ("document:a#view@user:alice", Reason::RelationshipNotAllowed, "relationship.relation"),
        ("document:a#banned@user:*", Reason::RelationshipNotAllowed, "relationship.subject"),
        ("document:a#viewer@group:eng", Reason::RelationshipNotAllowed, "relationship.subject"),
    ] {
        for operation in [Operation::Create, Operation::Touch, Operation::Delete] {
            let (reason, message) = refused(world.write(&[(Operation::Touch, FACT), (operation, wrong)]).await);
            assert_eq!(reason, expected, "{message}");
            assert!(message.starts_with(&format!("updates[1].{field}: ")), "{message}");
        }
    }
    assert!(!world.has("document:plan", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_schema_nothing_can_be_written() {
    let world = World::start().await;
    let (reason, message) = refused(world.write(&[(Operation::Touch, FACT)]).await);
    assert_eq!(reason, Reason::SchemaTypeUnknown);
    assert!(message.contains("no schema"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_update_is_named() {
    let world = World::with_schema().await;
    let broken = |change: fn(&mut Relationship)| {
        let mut relationship = relationship(FACT);
        change(&mut relationship);
        RelationshipUpdate { operation: Operation::Touch.into(), relationship: Some(relationship) }
    };
    for (wrong, field) in [
        (RelationshipUpdate { operation: 0, relationship: Some(relationship(FACT)) }, "updates[0].operation: "),
        (RelationshipUpdate { operation: 9, relationship: Some(relationship(FACT)) }, "updates[0].operation: "),
        (
            RelationshipUpdate { operation: Operation::Touch.into(), relationship: None },
            "updates[0].relationship: is missing",
        ),
        (broken(|fact| fact.resource = None), "updates[0].relationship.resource: "),
        (broken(|fact| fact.relation = String::new()), "updates[0].relationship.relation: "),
        (
            broken(|fact| fact.resource.as_mut().unwrap().object_id = "*".to_owned()),
            "updates[0].relationship.resource.object_id: ",
        ),
        (
            broken(|fact| fact.resource.as_mut().unwrap().object_id = "a b".to_owned()),
            "updates[0].relationship.resource.object_id: ",
        ),
        (broken(|fact| fact.subject = None), "updates[0].relationship.subject: "),
    ] {
        let (reason, message) = refused(world.write_all(vec![wrong]).await);
        assert_eq!(reason, Reason::FieldInvalid, "{message}");
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_updates_are_made_and_one_more_is_refused() {
    let world = World::with_schema().await;
    let mut updates: Vec<_> =
        (0..1_000).map(|at| update(Operation::Create, &format!("document:d{at}#viewer@user:alice"))).collect();
    world.write_all(updates.clone()).await.unwrap();
    assert!(world.has("document:d999", "view", "user:alice").await);
    updates.push(update(Operation::Create, FACT));
    let (reason, message) = refused(world.write_all(updates).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert_eq!(message, "updates_max is 1000, and the request has 1001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_names_have_room() {
    let world = World::start().await;
    let (kind, name) = (format!("{0}/{0}", "t".repeat(63)), "r".repeat(64));
    let schema = format!("definition {kind} {{ relation {name}: {kind}#{name}\n }}");
    world.write_schema(&schema).await.unwrap();
    // Random enough not to be made smaller by compression, which an index entry may be.
    let id = |seed: u64| -> String {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[(state >> 58) as usize])
        };
        (0..1_024).map(|_| next()).collect()
    };
    let longest = format!("{kind}:{}#{name}@{kind}:{}#{name}", id(1), id(2));
    world.write(&[(Operation::Create, &longest)]).await.unwrap();
    let question = (format!("{kind}:{}", id(1)), format!("{kind}:{}#{name}", id(2)));
    assert!(world.has(&question.0, &name, &question.1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_leaves_an_audit_event_and_a_refused_one_leaves_none() {
    let world = World::with_schema().await;
    world.write(&[(Operation::Create, FACT)]).await.unwrap();
    refused(world.write(&[(Operation::Create, FACT)]).await);
    // The relay takes events out of the table; the sequence remembers how many there were: the schema's and the write's.
    let made: i64 = sqlx::query_scalar("SELECT last_value FROM pg_sequences WHERE sequencename = 'outbox_id_seq'")
        .fetch_one(world.harness.pool())
        .await
        .unwrap();
    assert_eq!(made, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_written_just_before_is_the_one_that_a_write_goes_by() {
    let world = World::with_schema().await;
    for round in 0..20 {
        let schema = format!("{SCHEMA}\ndefinition thing{round} {{ relation owner: user\n }}");
        world.write_schema(&schema).await.unwrap();
        world.write(&[(Operation::Create, &format!("thing{round}:a#owner@user:alice"))]).await.unwrap();
        let question = (format!("thing{round}:a"), "owner", "user:alice");
        let asked = world.ask(world.caller(), (&question.0, question.1, question.2), fully_consistent()).await;
        assert!(asked.is_ok(), "{asked:?}");
        world.write(&[(Operation::Delete, &format!("thing{round}:a#owner@user:alice"))]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_tenant_takes_nothing_more_until_something_is_deleted() {
    let world = World::start_with(|config| config.relationships_max = 3).await;
    world.write_schema(crate::world::SCHEMA).await.unwrap();
    let fact = |number: usize| format!("document:d{number}#viewer@user:alice");
    for number in 0..3 {
        world.touch(&[&fact(number)]).await;
    }
    let (reason, message) = refused(world.write(&[(Operation::Create, &fact(3))]).await);
    assert_eq!(reason, Reason::TenantFull);
    assert!(message.contains("relationships_max"), "{message}");
    // What is there needs no room.
    world.write(&[(Operation::Touch, &fact(0))]).await.unwrap();
    world.write(&[(Operation::Delete, &fact(1))]).await.unwrap();
    world.write(&[(Operation::Create, &fact(3))]).await.unwrap();
    // The caps are each tenant's own.
    world
        .schemas(world.stranger())
        .write_schema(contract::permissions::v1::WriteSchemaRequest { schema_text: crate::world::SCHEMA.to_owned() })
        .await
        .unwrap();
    let update = crate::world::update(Operation::Create, &fact(1));
    let request = contract::permissions::v1::WriteRelationshipsRequest { updates: vec![update], ..Default::default() };
    world.relationships(world.stranger()).write_relationships(request).await.unwrap();
}
