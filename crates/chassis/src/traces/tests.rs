//! Which calls have spans, whose parts these are, and what leads on from them.

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Traces that stay here, of this share of the calls that come without one.
fn traces(sample_ratio: f64) -> (Traces, InMemorySpanExporter) {
    let taken = InMemorySpanExporter::default();
    let config = TelemetryConfig { sample_ratio, ..TelemetryConfig::default() };
    (Traces::to(taken.clone(), Resource::builder_empty().build(), &config, None), taken)
}

fn enter(traces: &Traces, flags: Option<&str>, is_probe: bool) -> Option<Context> {
    let mut headers = HeaderMap::new();
    if let Some(flags) = flags {
        headers.insert(TRACEPARENT, format!("00-{TRACE}-{PARENT}-{flags}").parse().unwrap());
        headers.insert(TRACESTATE, "vendor=value".parse().unwrap());
    }
    let parent = TraceParent::read(&headers);
    traces.enter(Entering { name: "a.B/C", request_id: "id", parent, headers: &headers, is_probe })
}

async fn ended(traces: &Traces, taken: &InMemorySpanExporter) -> Vec<SpanData> {
    traces.end().await;
    taken.get_finished_spans().unwrap()
}

#[tokio::test]
async fn a_sampled_call_is_a_part_of_its_callers_trace_and_fails_only_by_the_services_fault() {
    let (traces, taken) = traces(0.0);
    for (code, is_fault) in [("NOT_FOUND", false), ("INTERNAL", true)] {
        leave(&enter(&traces, Some("01"), false).unwrap(), code, is_fault);
    }
    let spans = ended(&traces, &taken).await;
    assert_eq!(spans.len(), 2);
    for span in &spans {
        assert_eq!(span.span_context.trace_id().to_string(), TRACE);
        assert_eq!(span.parent_span_id.to_string(), PARENT);
        assert_eq!(span.name, "a.B/C");
    }
    assert_eq!([&spans[0].status, &spans[1].status], [&Status::Unset, &Status::error("INTERNAL")]);
    assert_eq!(traces.counts().exported.get(), 2);
}

#[tokio::test]
async fn a_call_that_is_not_sampled_has_no_span_and_nor_has_a_probe_or_any_call_where_nothing_is_exported() {
    let (traces, taken) = traces(1.0);
    assert!(enter(&traces, Some("00"), false).is_none());
    assert!(enter(&traces, None, true).is_none());
    assert!(enter(&Traces::default(), Some("01"), false).is_none());
    assert!(ended(&traces, &taken).await.is_empty());
}

#[tokio::test]
async fn a_call_without_a_trace_begins_one() {
    let (traces, taken) = traces(1.0);
    drop(enter(&traces, None, false).unwrap());
    let spans = ended(&traces, &taken).await;
    assert_eq!(spans[0].parent_span_id, SpanId::INVALID);
}

#[tokio::test]
async fn what_is_asked_within_a_sampled_call_goes_on_with_its_trace_and_its_state() {
    let (traces, taken) = traces(0.0);
    let context = enter(&traces, Some("01"), false).unwrap();
    let mut headers = HeaderMap::new();
    let asked = async {
        assert!(is_sampled());
        note("bailiwick.outcome", || "allowed");
        ask("x.Y/Z".to_owned(), &mut headers)
    };
    drop(asked.with_context(context.clone()).await.unwrap());
    leave(&context, "OK", false);
    assert!(!is_sampled());
    let spans = ended(&traces, &taken).await;
    let (asked, call) = (&spans[0], &spans[1]);
    assert_eq!(asked.parent_span_id, call.span_context.span_id());
    assert_eq!(headers[TRACEPARENT], format!("00-{TRACE}-{}-01", asked.span_context.span_id()));
    assert_eq!(headers[TRACESTATE], "vendor=value");
    assert!(call.attributes.contains(&KeyValue::new("bailiwick.outcome", "allowed")));
}

#[tokio::test]
async fn work_for_several_calls_is_a_part_of_the_first_that_is_sampled_and_linked_to_the_others() {
    let (traces, taken) = traces(1.0);
    let mut calls = vec![Carried::here()];
    for _ in 0..2 {
        let context = enter(&traces, None, false).unwrap();
        calls.push(async { Carried::here() }.with_context(context).await);
    }
    assert!(Carried::within("work", &calls, async { is_sampled() }).await);
    assert!(!Carried::within("work", &calls[..1], async { is_sampled() }).await);
    drop(calls);
    let spans = ended(&traces, &taken).await;
    let [work, first, second] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(work.parent_span_id, first.span_context.span_id());
    assert_eq!(work.links.links[0].span_context, second.span_context);
}

#[test]
fn so_many_are_sampled_as_the_ratio_says() {
    for (ratio, from, to) in [(0.0, 0, 0), (0.01, 900, 1_100), (0.5, 49_000, 51_000), (1.0, 100_000, 100_000)] {
        let choice = Choice::new(ratio);
        let chosen = (0..100_000).filter(|_| choice.next()).count();
        assert!((from..=to).contains(&chosen), "{ratio}: {chosen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_elsewhere_is_sent_spans_over_tls_with_the_services_own_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = testing::certificates::Authority::keep(folder.path()).unwrap();
    let of_the_collector = authority.keep_peer("collector").unwrap();
    let collector =
        testing::spans::Collector::begin_for_peers(&of_the_collector, &authority.certificate_file()).unwrap();
    let own = authority.keep_peer("gate").unwrap();
    let tls = TlsConfig {
        certificate_file: own.certificate,
        key_file: own.key,
        ca_file: authority.certificate_file(),
        trust_domain: "bailiwick.local".to_owned(),
    };
    let endpoint = Some(format!("https://localhost:{}", collector.port()));
    let config = TelemetryConfig { otlp_endpoint: endpoint, ..TelemetryConfig::default() };
    let traces = Traces::begin("gate", ([127, 0, 0, 1], 1).into(), &tls, &config).unwrap();
    leave(&enter(&traces, Some("01"), false).unwrap(), "OK", false);
    traces.end().await;
    let arrived = collector.kept().trace(TRACE);
    assert_eq!(
        arrived.iter().map(|span| (span.service.as_str(), span.name.as_str())).collect::<Vec<_>>(),
        [("gate", "a.B/C")]
    );
    assert_eq!((traces.counts().exported.get(), arrived[0].parent_id.as_str()), (1, PARENT));
}
