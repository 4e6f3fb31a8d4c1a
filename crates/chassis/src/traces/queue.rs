//! Spans on their way to the collector: a bounded queue, and the one task that empties it. Nobody who ends a span waits.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How many spans are sent at once.
const BATCH_MAX: usize = 512;

/// How long a span waits for others.
const HELD: Duration = Duration::from_millis(500);

/// How long the collector may take to take a batch.
const EXPORT_MAX: Duration = Duration::from_secs(5);

/// How many spans were sent, and how many never will be. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) exported: Counter,
    pub(crate) lost: Family<Lost, Counter>,
}

/// Why spans were lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Lost {
    why: &'static str,
}

/// More spans ended than the collector took.
const QUEUE_FULL: Lost = Lost { why: "queue_full" };

/// The collector cannot be reached, refused them, or took too long.
const NOT_TAKEN: Lost = Lost { why: "not_taken" };

/// Takes the spans that end.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    counts: Counts,
}

impl Queue {
    /// A queue for so many spans, and its other end.
    pub(super) fn new(spans_max: usize, counts: Counts) -> (Self, mpsc::Receiver<SpanData>) {
        let (spans, waiting) = mpsc::channel(spans_max);
        (Self { spans, counts }, waiting)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.counts.lost.get_or_create(&QUEUE_FULL).inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what ends, until `ending` rings; then what still waits, as far as the collector takes it.
pub(super) async fn export(
    exporter: impl SpanExporter,
    mut spans: mpsc::Receiver<SpanData>,
    counts: Counts,
    ending: CancellationToken,
) {
    let mut sending = Sending { exporter, counts, is_taken: true };
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            () = ending.cancelled() => break,
            taken = spans.recv_many(&mut batch, BATCH_MAX) => if taken == 0 { return },
        }
        let gather = async { while batch.len() < BATCH_MAX && spans.recv_many(&mut batch, BATCH_MAX).await > 0 {} };
        tokio::select! {
            () = ending.cancelled() => {}
            _ = timeout(HELD, gather) => {}
        }
        sending.send(batch).await;
    }
    spans.close();
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, BATCH_MAX).await > 0 {
        sending.send(std::mem::take(&mut batch)).await;
    }
}

struct Sending<E> {
    exporter: E,
    counts: Counts,
    /// Whether the last batch was taken: an outage is logged once.
    is_taken: bool,
}

impl<E: SpanExporter> Sending<E> {
    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let failed = match timeout(EXPORT_MAX, self.exporter.export(batch)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it takes too long".to_owned()),
        };
        match &failed {
            None => _ = self.counts.exported.inc_by(spans),
            Some(error) => {
                self.counts.lost.get_or_create(&NOT_TAKEN).inc_by(spans);
                if self.is_taken {
                    tracing::warn!(error, "spans are lost: telemetry.otlp_endpoint does not take them");
                }
            }
        }
        self.is_taken = failed.is_none();
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::error::OTelSdkError;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

    use super::*;

    /// Ends so many spans into a queue with room for so many.
    fn queued(spans: usize, room: usize) -> (mpsc::Receiver<SpanData>, Counts) {
        let counts = Counts::default();
        let (queue, waiting) = Queue::new(room, counts.clone());
        let provider = SdkTracerProvider::builder().with_span_processor(queue).build();
        for _ in 0..spans {
            drop(provider.tracer("test").start("span"));
        }
        (waiting, counts)
    }

    fn lost(counts: &Counts, why: &Lost) -> u64 {
        counts.lost.get_or_create(why).get()
    }

    #[tokio::test]
    async fn more_spans_than_the_queue_takes_are_lost_and_counted_and_nobody_waits() {
        let (waiting, counts) = queued(10, 4);
        assert_eq!((waiting.len(), lost(&counts, &QUEUE_FULL)), (4, 6));
    }

    #[tokio::test]
    async fn at_the_end_what_waits_is_sent() {
        let (waiting, counts) = queued(1_000, 1_000);
        let (taken, ending) = (InMemorySpanExporter::default(), CancellationToken::new());
        ending.cancel();
        export(taken.clone(), waiting, counts.clone(), ending).await;
        assert_eq!((taken.get_finished_spans().unwrap().len(), counts.exported.get()), (1_000, 1_000));
    }

    #[derive(Debug)]
    struct Refuses;

    impl SpanExporter for Refuses {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            Err(OTelSdkError::InternalFailure("no".to_owned()))
        }
    }

    #[tokio::test]
    async fn what_the_collector_does_not_take_is_lost_and_counted() {
        let (waiting, counts) = queued(3, 10);
        export(Refuses, waiting, counts.clone(), CancellationToken::new()).await;
        assert_eq!((lost(&counts, &NOT_TAKEN), counts.exported.get()), (3, 0));
    }
}
