//! Ends a call when its caller stops waiting, or at the longest that the RPC may take. For a stream this bounds its opening.

use std::time::Duration;

use contract::Reason;
use http::HeaderName;
use tokio::time::Instant;

use super::{Call, Request, Response, pass, refuse};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The rest is told when the call ends.
pub(crate) async fn layer<F: Future<Output = Response>>(
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request, Instant) -> F,
) -> Response {
    pass(&request, "deadline");
    let longest = Duration::from_millis(call.rpc.map_or(1_000, |rpc| u64::from(rpc.deadline_ms)));
    let wanted = request.headers().get(GRPC_TIMEOUT).and_then(|value| value.to_str().ok()).and_then(grpc_timeout);
    let deadline = Instant::now() + wanted.map_or(longest, |wanted| wanted.min(longest));
    match tokio::time::timeout_at(deadline, next(call.clone(), request, deadline)).await {
        Ok(response) => response,
        Err(_) => refuse(&call, Reason::DeadlineExceeded, "the call was not done by its deadline", Vec::new()),
    }
}

/// A `grpc-timeout`: at most eight digits and a unit.
fn grpc_timeout(header: &str) -> Option<Duration> {
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_in_every_unit_and_nothing_else() {
        assert_eq!(grpc_timeout("15S"), Some(Duration::from_secs(15)));
        assert_eq!(grpc_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        assert_eq!(grpc_timeout("5m"), Some(Duration::from_millis(5)));
        for bad in ["", "S", "5", "5x", "-5S", "999999999S", "5é"] {
            assert_eq!(grpc_timeout(bad), None, "{bad}");
        }
    }
}
