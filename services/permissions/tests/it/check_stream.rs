//! Questions as they come, on a stream.

use std::time::Duration;

use chassis::Reason;
use contract::header;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckBulkItem, CheckStreamRequest, CheckStreamResponse};
use futures::{Stream, StreamExt as _, stream};
use tonic::metadata::MetadataValue;
use tonic::{Request, Streaming};

use crate::world::{World, at_least, fully_consistent, item, outcome, refused};

async fn open(
    world: &World,
    requests: impl Stream<Item = CheckStreamRequest> + Send + 'static,
) -> Streaming<CheckStreamResponse> {
    world.permissions(world.caller()).check_stream(requests).await.unwrap().into_inner()
}

fn questions(items: Vec<CheckBulkItem>) -> CheckStreamRequest {
    CheckStreamRequest { consistency: fully_consistent(), items }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_answered_in_order_however_many_are_on_their_way() {
    let world = World::with_schema().await;
    world.touch(&["document:1#viewer@user:alice", "document:4#viewer@user:alice"]).await;
    let request = |number: usize| questions(vec![item(&format!("document:{}", number % 5), "view", "user:alice")]);
    let answers: Vec<_> = open(&world, stream::iter((0..500).map(request))).await.collect().await;
    assert_eq!(answers.len(), 500);
    for (number, answer) in answers.into_iter().enumerate() {
        let has = matches!(number % 5, 1 | 4);
        let expected = if has { "PERMISSIONSHIP_HAS_PERMISSION" } else { "PERMISSIONSHIP_NO_PERMISSION" };
        assert_eq!(outcome(&answer.unwrap().results[0]), expected, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_answered_says_why_and_the_stream_goes_on() {
    let world = World::with_schema().await;
    let good = || questions(vec![item("document:1", "view", "user:alice"), item("folder:1", "view", "user:alice")]);
    let too_many = questions(vec![item("document:1", "view", "user:alice"); 1_001]);
    let forged = CheckStreamRequest { consistency: at_least("forged"), ..good() };
    let requests = vec![good(), too_many, forged, questions(Vec::new()), good()];
    let answers: Vec<_> = open(&world, stream::iter(requests)).await.map(Result::unwrap).collect().await;
    let told: Vec<String> = answers
        .iter()
        .map(|answer| match &answer.error {
            Some(error) => error.reason.clone(),
            None => answer.results.iter().map(outcome).collect::<Vec<_>>().join(" "),
        })
        .collect();
    let answered = "PERMISSIONSHIP_NO_PERMISSION SCHEMA_TYPE_UNKNOWN";
    assert_eq!(told, [answered, "LIMIT_EXCEEDED", "CONSISTENCY_TOKEN_INVALID", "FIELD_INVALID", answered]);
    assert!(answers[1].error.as_ref().unwrap().message.contains("stream_items_max"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gate_asks_on_a_stream_for_the_tenant_that_it_names() {
    let world = World::with_schema().await;
    world.touch(&["document:1#viewer@user:alice"]).await;
    let asked = questions(vec![item("document:1", "view", "user:alice")]);
    let mut request = Request::new(stream::iter([asked]));
    request.metadata_mut().insert(header::TENANT, MetadataValue::from_static("acme"));
    let mut gate = PermissionServiceClient::new(world.harness.channel_as_peer("gate"));
    let answer = gate.check_stream(request).await.unwrap().into_inner().next().await.unwrap().unwrap();
    assert_eq!(outcome(&answer.results[0]), "PERMISSIONSHIP_HAS_PERMISSION");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_while_the_caller_has_more_to_ask() {
    let world = World::with_schema().await;
    let (send, asked) = tokio::sync::mpsc::channel(1);
    let requests = stream::unfold(asked, |mut asked| async { Some((asked.recv().await?, asked)) });
    send.send(questions(vec![item("document:1", "view", "user:alice")])).await.unwrap();
    let mut answers = open(&world, requests).await;
    for there in [false, true] {
        let answer = tokio::time::timeout(Duration::from_secs(5), answers.next()).await.unwrap().unwrap().unwrap();
        let expected = if there { "PERMISSIONSHIP_HAS_PERMISSION" } else { "PERMISSIONSHIP_NO_PERMISSION" };
        assert_eq!(outcome(&answer.results[0]), expected);
        world.touch(&["document:1#viewer@user:alice"]).await;
        send.send(questions(vec![item("document:1", "view", "user:alice")])).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_opened_only_by_who_may_check() {
    let world = World::with_schema().await;
    let caller = world.harness.as_subject("acme", "service_account:admin", &["permissions.read"]);
    let opened = world.permissions(caller).check_stream(stream::iter([])).await;
    assert_eq!(refused(opened).0, Reason::ScopeMissing);
}
