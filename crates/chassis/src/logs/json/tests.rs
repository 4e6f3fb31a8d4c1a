//! Whatever is logged, a line is one JSON object with everything in it.

use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(log: impl FnOnce()) -> Value {
    let kept = Kept::default();
    let writer = kept.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .fmt_fields(JsonFields)
        .event_format(JsonLine);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(line.ends_with('\n') && line.lines().count() == 1, "{line:?}");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn a_line_has_the_events_fields_and_the_innermost_spans_with_those_recorded_later() {
    let line = logged(|| {
        let span =
            tracing::info_span!("call", rpc = "/a/B", actor = tracing::field::Empty, tenant = tracing::field::Empty);
        let _entered = span.enter();
        span.record("actor", "user:alice");
        span.record("tenant", "acme");
        tracing::info!(target: "access", code = ?tonic::Code::Ok, microseconds = 12_u64, good = true, part = 0.5, "call");
    });
    assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z') && time.contains('T')), "{line}");
    let mut line = line;
    line["timestamp"].take();
    assert_eq!(
        line,
        json!({
            "timestamp": null, "level": "INFO", "message": "call", "code": "Ok", "microseconds": 12, "good": true,
            "part": 0.5, "target": "access",
            "span": {"name": "call", "rpc": "/a/B", "actor": "user:alice", "tenant": "acme"},
        })
    );
}

#[test]
fn a_line_outside_of_every_span_has_none_and_what_is_no_number_is_null() {
    let line = logged(|| tracing::warn!(part = f64::NAN, "warned"));
    assert_eq!((&line["level"], &line["part"], line.get("span")), (&json!("WARN"), &Value::Null, None));
}

proptest! {
    #[test]
    fn any_text_reads_back_as_it_was(value in "\\PC{0,20}", control in "[\\x00-\\x1f\"\\\\é]{0,20}") {
        let all = format!("{value}{control}");
        let line = logged(|| {
            let span = tracing::info_span!("call", all);
            let _entered = span.enter();
            tracing::info!(shown = %all, quoted = ?all, "{all}");
        });
        prop_assert_eq!(&line["message"], &json!(all));
        prop_assert_eq!(&line["shown"], &json!(all));
        prop_assert_eq!(&line["quoted"], &json!(format!("{all:?}")));
        prop_assert_eq!(&line["span"]["all"], &json!(all));
    }
}
