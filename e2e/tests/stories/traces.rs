//! One call is one trace: Envoy, gate, permissions and SQL, each a part of what asked it; and a call that is not sampled leaves none.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest};
use e2e::{World, shared};
use http::{Request, Version};
use testing::spans::Span;
use testing::{cluster, sample};

const READ: &str = "/v1/documents/roadmap";

/// How long spans may take to arrive: services hold them for half a second, Envoy for one.
const ARRIVED_WITHIN: Duration = Duration::from_secs(10);

/// A trace's id that no other story has.
fn trace_id(number: u8) -> String {
    format!("{:032x}", 0x7ace_0000_u64 + u64::from(number))
}

fn traceparent(trace_id: &str, is_sampled: bool) -> String {
    format!("00-{trace_id}-00000000000000ab-0{}", u8::from(is_sampled))
}

/// The spans of a trace, once each of these services has told of it and nothing more has come for a while.
async fn arrived(world: &World, trace_id: &str, services: &[&str]) -> Vec<Span> {
    let began = Instant::now();
    let mut before = 0;
    loop {
        let spans = world.spans().trace(trace_id);
        let told = |service: &&str| spans.iter().any(|span| span.service == *service);
        if services.iter().all(told) && spans.len() == before {
            return spans;
        }
        before = spans.len();
        assert!(began.elapsed() < ARRIVED_WITHIN, "{services:?} have not all told of {trace_id}: {spans:#?}");
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
}

fn find<'a>(spans: &'a [Span], service: &str, kind: &str, name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.service == service && span.kind == kind && span.name.contains(name));
    found.unwrap_or_else(|| panic!("{service} has no {kind} span {name} among {spans:#?}"))
}

/// The spans from this one up to the first.
fn line<'a>(spans: &'a [Span], from: &'a Span) -> Vec<&'a Span> {
    let above = |span: &&'a Span| spans.iter().find(|other| other.span_id == span.parent_id);
    std::iter::successors(Some(from), above).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_decision_is_one_trace_from_envoy_through_gate_to_permissions() {
    let world = shared().await;
    let id = trace_id(1);
    let key = world.key("alice");
    let request = Request::get(format!("{READ}?secret=in-the-query"))
        .header("authorization", format!("Bearer {key}"))
        .header("traceparent", traceparent(&id, true));
    let outcome = world.send(Version::HTTP_11, request).await;
    assert_eq!(outcome.status, 200, "{outcome:?}");

    let spans = arrived(&world, &id, &["gateway", "gate", "permissions"]).await;
    let decision = find(&spans, "gate", "server", "Authorization/Check");
    let question = find(&spans, "permissions", "server", "PermissionService/Check");
    let services: Vec<&str> = line(&spans, question).iter().map(|span| span.service.as_str()).collect();
    assert_eq!(&services[..3], ["permissions", "gate", "gate"], "{spans:#?}");
    assert!(services[3..].iter().all(|service| *service == "gateway") && services.len() > 4, "{services:?}");
    let first = *line(&spans, question).last().unwrap();
    assert_eq!((first.parent_id.as_str(), first.kind), ("00000000000000ab", "server"), "{first:?}");
    assert_eq!(decision.attributes["bailiwick.decision_id"], outcome.decision_id);
    assert_eq!(first.attributes["bailiwick.decision_id"], outcome.decision_id, "{first:?}");
    assert_eq!(first.attributes["url.path"], READ, "{first:?}");

    // Nothing that was shown, and nothing of the query.
    for span in &spans {
        let told = format!("{span:?}");
        assert!(!told.contains(&key[..key.len() / 2]) && !told.contains("in-the-query"), "{told}");
        assert!(!told.contains("eyJ"), "an assertion or a token: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_one_trace_down_to_its_sql() {
    let world = shared().await;
    let id = trace_id(2);
    let update = RelationshipUpdate {
        operation: Operation::Touch.into(),
        relationship: Some(sample::parse_relationship("document:traced#viewer@user:traced-user").unwrap()),
    };
    let gateway = world.gateway();
    let message = WriteRelationshipsRequest { updates: vec![update], ..Default::default() };
    let mut request = gateway.request(message, Some(&world.key("admin"))).unwrap();
    request.metadata_mut().insert("traceparent", traceparent(&id, true).parse().unwrap());
    gateway.relationships().write_relationships(request).await.unwrap();
    world.write(Operation::Delete, "document:traced#viewer@user:traced-user").await;

    let spans = arrived(&world, &id, &["gateway", "gate", "permissions"]).await;
    let write = find(&spans, "permissions", "server", "WriteRelationships");
    let inserted = find(&spans, "permissions", "client", "INSERT");
    let names: Vec<&str> = line(&spans, inserted).iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names[1], "write a group", "{names:?}");
    assert_eq!(names[2], write.name, "{names:?}");
    assert!(names.len() > 3, "the write is a part of Envoy's request: {names:?}");
    // What is written stands in no statement.
    assert!(spans.iter().all(|span| !format!("{span:?}").contains("traced-user")), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_sampled_leaves_no_span_and_its_trace_stands_in_the_logs() {
    let world = shared().await;
    let (quiet, told) = (trace_id(3), trace_id(4));
    for (id, is_sampled) in [(&quiet, false), (&told, true)] {
        let request = Request::get(READ)
            .header("authorization", format!("Bearer {}", world.key("dave")))
            .header("traceparent", traceparent(id, is_sampled));
        assert_eq!(world.send(Version::HTTP_2, request).await.status, 403);
    }
    // The one that came later has arrived, so the other one never will.
    arrived(&world, &told, &["gateway", "gate", "permissions"]).await;
    assert!(world.spans().trace(&quiet).is_empty());
    let log = std::fs::read_to_string(world.files().log(testing::Part::Gate)).unwrap();
    let denied = log.lines().find(|line| line.contains(&quiet) && line.contains("\"denied\""));
    let denied: serde_json::Value = serde_json::from_str(denied.expect("a denial is logged with its trace")).unwrap();
    assert!(denied["decision_id"].as_str().is_some_and(|id| !id.is_empty()), "{denied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_declared_is_registered_and_no_other_is_shown() {
    let world = shared().await;
    let config = world.cluster.lock().await.config().clone();
    for service in cluster::SERVICES {
        let text = cluster::metrics_of(&config, service.into()).await.unwrap();
        let shown: HashSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, _)| name)
            .collect();
        let declared: HashSet<String> = contract::metrics::of(service.name())
            .map(|metric| match metric.unit {
                "" => format!("bailiwick_{}", metric.name),
                unit => format!("bailiwick_{}_{unit}", metric.name),
            })
            .collect();
        assert!(shown.iter().all(|name| declared.contains(*name)), "{shown:?} of {declared:?}");
        for metric in contract::metrics::of(service.name()) {
            // With labels it is shown only once it has counted something.
            assert!(text.contains(metric.help) || !metric.labels.is_empty(), "{}: {text}", metric.name);
        }
        let log = std::fs::read_to_string(world.files().log(service)).unwrap();
        assert!(!log.contains("declares what is not registered"), "{log}");
    }
}
