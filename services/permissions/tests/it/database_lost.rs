//! The database stands still, is gone, or loses a commit: who asks from memory notices nothing, everyone else is told in time,
//! and nothing that was acknowledged is lost.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use chassis::Reason;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    CheckResponse, ListRolesRequest, Permissionship, ReadRelationshipsRequest, ReadSchemaRequest,
    WriteRelationshipsRequest,
};
use permissions::{Config, Permissions};
use testing::harness::start_with;
use tonic::{Code, Request, Status};

use crate::wire::{Fault, Wire};
use crate::world::{SCHEMA, World, check_request, fully_consistent, of_document, refused, update};

const FACT: &str = "document:plan#viewer@user:alice";
const OTHER: &str = "document:other#viewer@user:alice";
const QUESTION: (&str, &str, &str) = ("document:plan", "view", "user:alice");

/// Less than any step of the database takes at most, so that it is the deadline that counts.
const DEADLINE: Duration = Duration::from_secs(1);

/// How long until everything is as before, once the database is.
const AGAIN_MAX: Duration = Duration::from_secs(10);

async fn start(adjust: impl FnOnce(&mut Config)) -> (World, Wire) {
    let (folder, mut wire) = (OnceCell::new(), None);
    let harness = start_with::<Permissions>(
        |files| {
            let key = files.secret_hex();
            folder.get_or_init(|| key.with_extension("wire"));
            let mut config = Config::with_token_key(key);
            adjust(&mut config);
            config
        },
        |config| wire = folder.get().map(|folder| Wire::between(&mut config.database.url, folder)),
    )
    .await;
    let world = World { harness };
    world.write_schema(SCHEMA).await.unwrap();
    world.touch(&[FACT]).await;
    assert!(world.has(QUESTION.0, QUESTION.1, QUESTION.2).await);
    (world, wire.expect("the service was configured"))
}

fn soon<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// The service's word on a call that is refused. On a machine that is very busy the client's own clock may be first.
async fn told<T: Debug>(call: impl AsyncFn() -> Result<T, Status>) -> Reason {
    for _ in 0..20 {
        match call().await {
            Err(status) if status.code() == Code::Cancelled => {}
            answered => return refused(answered).0,
        }
    }
    panic!("the service says nothing before the deadline");
}

async fn write_soon(world: &World, fact: &str) -> Result<(), Status> {
    let request = WriteRelationshipsRequest { updates: vec![update(Operation::Touch, fact)], ..Default::default() };
    world.relationships(world.caller()).write_relationships(soon(request)).await.map(drop)
}

async fn ask_soon(world: &World) -> Result<CheckResponse, Status> {
    let request = soon(check_request(QUESTION, fully_consistent()));
    Ok(world.permissions(world.caller()).check(request).await?.into_inner())
}

/// Whether memory still answers, which must take next to no time.
async fn memory_answers(world: &World) {
    let began = Instant::now();
    let answer = world.ask(world.caller(), QUESTION, None).await.unwrap();
    assert_eq!(answer.permissionship(), Permissionship::HasPermission);
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
}

/// Writes until it works.
async fn writes_again(world: &World, fact: &str) {
    let began = Instant::now();
    while let Err(status) = world.write(&[(Operation::Touch, fact)]).await {
        assert!(began.elapsed() < AGAIN_MAX, "{status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the database has the relationship, whatever the service knows.
async fn is_stored(world: &World, document: &str) -> bool {
    let mut connection = world.harness.database().connect().await.unwrap();
    sqlx::query_scalar("SELECT count(*) = 1 FROM relationship WHERE resource_id = $1 AND deleted_revision IS NULL")
        .bind(document)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_database_stands_still_memory_answers_and_everyone_else_is_told_in_time() {
    let (world, wire) = start(|_| ()).await;
    // Connections that stand, so that both sides count from the same moment.
    let (mut relationships, mut schemas) = (world.relationships(world.caller()), world.schemas(world.caller()));
    let (mut roles, mut permissions) = (world.roles(world.caller()), world.permissions(world.caller()));
    let write = |fact: &str| {
        soon(WriteRelationshipsRequest { updates: vec![update(Operation::Touch, fact)], ..Default::default() })
    };
    let read = || soon(ReadRelationshipsRequest { filter: Some(of_document("", "")), ..Default::default() });
    relationships.write_relationships(write(FACT)).await.unwrap();
    relationships.read_relationships(read()).await.unwrap();
    schemas.read_schema(soon(ReadSchemaRequest {})).await.unwrap();
    roles.list_roles(soon(ListRolesRequest::default())).await.unwrap();
    permissions.check(soon(check_request(QUESTION, fully_consistent()))).await.unwrap();
    wire.set(Fault::Still);
    let (begun, queued) = (relationships.clone(), relationships.clone());
    let told = tokio::join!(
        told(async || begun.clone().write_relationships(write("document:begun#viewer@user:alice")).await),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            told(async || queued.clone().write_relationships(write("document:queued#viewer@user:alice")).await).await
        },
        told(async || permissions.clone().check(soon(check_request(QUESTION, fully_consistent()))).await),
        told(async || relationships.clone().read_relationships(read()).await),
        told(async || schemas.clone().read_schema(soon(ReadSchemaRequest {})).await),
        told(async || roles.clone().list_roles(soon(ListRolesRequest::default())).await),
        memory_answers(&world),
    );
    let (begun, queued, asked, read, schema, list, ()) = told;
    // Only of the one whose turn it was it cannot be said that nothing was written.
    assert!([Reason::OutcomeUnknown, Reason::DatabaseUnavailable].contains(&begun), "{begun:?}");
    assert_eq!([queued, asked, read, schema, list], [Reason::DatabaseUnavailable; 5]);
    memory_answers(&world).await;

    wire.set(Fault::None);
    writes_again(&world, OTHER).await;
    assert!(world.has("document:other", "view", "user:alice").await);
    assert!(!is_stored(&world, "queued").await, "what was said not to be written is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_database_memory_answers_and_everyone_else_is_told_at_once() {
    let (world, wire) = start(|_| ()).await;
    wire.set(Fault::Gone);
    memory_answers(&world).await;
    for _ in 0..3 {
        assert_eq!(refused(write_soon(&world, OTHER).await).0, Reason::DatabaseUnavailable);
        assert_eq!(refused(ask_soon(&world).await).0, Reason::DatabaseUnavailable);
    }
    assert!(!is_stored(&world, "other").await);
    memory_answers(&world).await;
    assert!(*world.harness.running().foundation.readiness.watch().borrow(), "memory is as good as before");

    wire.set(Fault::None);
    writes_again(&world, OTHER).await;
    assert!(world.has("document:other", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_answer_is_lost_is_told_of_as_unknown_and_what_was_made_is_seen() {
    let (world, wire) = start(|_| ()).await;
    for (fault, made) in [(Fault::LosesAnswer, true), (Fault::LosesCommit, false)] {
        let document = format!("d-{made}");
        let fact = format!("document:{document}#viewer@user:alice");
        wire.set(fault);
        let (reason, message) = refused(world.write(&[(Operation::Create, &fact)]).await);
        assert_eq!(reason, Reason::OutcomeUnknown);
        assert!(message.contains("it may have been made, so look before trying again"), "{message}");
        // Nobody has to write for it to be seen.
        let began = Instant::now();
        while world.ask(world.caller(), QUESTION, fully_consistent()).await.is_err() {
            assert!(began.elapsed() < AGAIN_MAX);
        }
        assert_eq!(is_stored(&world, &document).await, made);
        assert_eq!(world.has(&format!("document:{document}"), "view", "user:alice").await, made);
        // Looking before trying again tells the two apart.
        let again = world.write(&[(Operation::Create, &fact)]).await;
        if made {
            assert_eq!(refused(again).0, Reason::RelationshipExists);
        } else {
            again.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_that_the_database_holds_up_longer_than_a_step_may_take_makes_room_for_the_next() {
    let (world, wire) = start(|config| config.group_step_ms_max = 200).await;
    wire.set(Fault::Still);
    assert_eq!(refused(world.write(&[(Operation::Touch, OTHER)]).await).0, Reason::DatabaseUnavailable);
    assert!(!is_stored(&world, "other").await);
    wire.set(Fault::None);
    writes_again(&world, OTHER).await;

    wire.set(Fault::StillAtCommit);
    let late = world.write(&[(Operation::Touch, "document:late#viewer@user:alice")]).await;
    assert_eq!(refused(late).0, Reason::OutcomeUnknown);
    wire.set(Fault::None);
    writes_again(&world, "document:next#viewer@user:alice").await;
    // Whatever became of the one before, the two say the same.
    let seen = world.has("document:late", "view", "user:alice").await;
    assert_eq!(is_stored(&world, "late").await, seen);
}
