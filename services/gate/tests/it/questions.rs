//! Many questions to permissions at once: each call is decided by the answer to its own.

use contract::gate::v1::Route;
use futures::future::join_all;

use crate::world::{self, DOCS, World};

const OTHER_DOCS: &str = "docs.globex.example";

/// How many documents are asked about at once in each tenant. Of acme alice may view every other one, of globex those between.
const DOCUMENTS: usize = 50;

async fn two_tenants() -> (World, [String; 2]) {
    let world = world::start_with_routes().await;
    world.assign(OTHER_DOCS, "globex").await;
    let elsewhere = |route| Route { host: OTHER_DOCS.to_owned(), ..route };
    let routes = world::document_routes().into_iter().map(elsewhere).collect();
    world.apply("globex", routes).await.expect("the routes are good");
    world
        .eventually("the routes are in force", async || world.ask(OTHER_DOCS, "GET", "/open", &[]).await.code == 0)
        .await;
    for document in 0..DOCUMENTS {
        let tenant = if may(0, document) { "acme" } else { "globex" };
        world.permissions.allow(&format!("{tenant} document:d{document}#view@user:alice"));
    }
    let keys = ["acme", "globex"].map(|tenant| {
        let key = world.new_key(tenant, "user:alice", &["documents.read"], None);
        format!("Bearer {}", key.expose())
    });
    (world, keys)
}

fn may(tenant: usize, document: usize) -> bool {
    document % 2 == tenant
}

async fn all_are_decided_by_their_own(world: &World, keys: &[String; 2]) {
    let asked = (0..DOCUMENTS).flat_map(|document| {
        [DOCS, OTHER_DOCS].into_iter().enumerate().map(move |(tenant, host)| async move {
            let path = format!("/v1/documents/d{document}");
            let answer = world.ask(host, "GET", &path, &[("authorization", &keys[tenant])]).await;
            assert_eq!(answer.code == 0, may(tenant, document), "{host}{path}: {answer:?}");
        })
    });
    join_all(asked).await;
}

/// How many questions went this way.
async fn questions(world: &World, way: &str) -> u64 {
    let metrics = world.gate.metrics().await;
    let line = format!("bailiwick_gate_questions_total{{way=\"{way}\"}} ");
    metrics.lines().find_map(|text| text.strip_prefix(&line)).map_or(0, |count| count.parse().expect("a count"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_calls_at_once_has_the_answer_to_its_own_question() {
    let (world, keys) = two_tenants().await;
    all_are_decided_by_their_own(&world, &keys).await;
    assert!(questions(&world, "stream").await > 0, "questions go over an open stream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_that_a_stream_leaves_unanswered_are_asked_again() {
    let (world, keys) = two_tenants().await;
    world.permissions.end_streams_after(2);
    for _ in 0..3 {
        all_are_decided_by_their_own(&world, &keys).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_with_a_consistency_token_is_a_call_of_its_own() {
    let (world, keys) = two_tenants().await;
    let headers = [("authorization", keys[0].as_str()), ("bailiwick-consistency", "t1")];
    assert_eq!(world.ask(DOCS, "GET", "/v1/documents/d0", &headers).await.code, 0);
    assert_eq!((questions(&world, "call").await, questions(&world, "stream").await), (1, 0));
}
