//! The trace that a call is part of, as a header says it (W3C Trace Context, 3.2: `00-TRACE-SPAN-FLAGS`).

use std::fmt;

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The header's name.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The name of the header with what others' tracers add.
pub(crate) const TRACESTATE: &str = "tracestate";

/// The longest `tracestate` that is passed on, in bytes: what everybody must pass on (W3C Trace Context, 3.3.1.5).
const TRACESTATE_BYTES_MAX: usize = 512;

/// How long the header is in version 00, in bytes. A later version may be longer.
const BYTES: usize = 55;

/// The span that a call was made in, and whether its trace is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    is_sampled: bool,
}

impl TraceParent {
    /// What the headers say. A header that is wrong, or that stands twice, says nothing: then a trace begins here.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        Self::parse(value.as_bytes())
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(BYTES)?;
        let [version] = bytes(&known[..2])?;
        let may_go_on = match version {
            0 => rest.is_empty(),
            0xff => false,
            1..0xff => rest.first().is_none_or(|next| *next == b'-'),
        };
        if !may_go_on || [2, 35, 52].iter().any(|dash| known[*dash] != b'-') {
            return None;
        }
        let trace_id = TraceId::from_bytes(bytes(&known[3..35])?);
        let span_id = SpanId::from_bytes(bytes(&known[36..52])?);
        let [flags] = bytes(&known[53..])?;
        let is_valid = trace_id != TraceId::INVALID && span_id != SpanId::INVALID;
        is_valid.then_some(Self { trace_id, span_id, is_sampled: TraceFlags::new(flags).is_sampled() })
    }

    /// For calls that are made in this span.
    pub(crate) fn of(span: &SpanContext) -> Self {
        Self { trace_id: span.trace_id(), span_id: span.span_id(), is_sampled: span.is_sampled() }
    }

    /// The caller's span, with what others' tracers say in the headers.
    pub(super) fn remote(self, headers: &HeaderMap) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.is_sampled);
        SpanContext::new(self.trace_id, self.span_id, flags, true, state(headers).unwrap_or_default())
    }

    /// Whether whoever began the trace wants to see it.
    pub fn is_sampled(self) -> bool {
        self.is_sampled
    }

    /// The trace's id.
    pub(crate) fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The header's value.
    pub(crate) fn value(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("digits and dashes stand in a header")
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{}-{}-0{}", self.trace_id, self.span_id, u8::from(self.is_sampled))
    }
}

fn state(headers: &HeaderMap) -> Option<TraceState> {
    let mut values = headers.get_all(TRACESTATE).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    value.to_str().ok().filter(|value| value.len() <= TRACESTATE_BYTES_MAX)?.parse().ok()
}

/// What `2 * N` digits in lower case stand for; upper case is wrong (W3C Trace Context, 3.2.2).
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(values: &[&str]) -> Option<TraceParent> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        TraceParent::read(&headers)
    }

    #[test]
    fn a_header_is_read_and_written_as_it_was() {
        let parent = read(&[GOOD]).unwrap();
        assert!(parent.is_sampled());
        assert_eq!(parent.value(), GOOD);
        assert!(!read(&[&GOOD.replace("-01", "-00")]).unwrap().is_sampled());
    }

    #[test]
    fn a_later_version_may_be_longer_and_its_flags_mean_the_same() {
        assert!(read(&[&format!("cc{}-what-comes", &GOOD[2..])]).unwrap().is_sampled());
        assert_eq!(read(&[&format!("cc{}.what", &GOOD[2..])]), None);
    }

    #[test]
    fn what_is_wrong_or_stands_twice_says_nothing() {
        let zeros = "0".repeat(32);
        for bad in [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-more"),
            &GOOD.replace("00-0a", "ff-0a"),
            &GOOD.to_uppercase(),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", &zeros),
            &GOOD.replace("b7ad6b7169203331", "0000000000000000"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("-01", "-0x"),
        ] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
        assert_eq!(read(&[GOOD, GOOD]), None);
    }
}
