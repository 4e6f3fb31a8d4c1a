//! Times and durations as people write and read them.

use std::time::Duration;

use prost_types::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest that one call may be given.
const TIMEOUT_SECONDS_MAX: u64 = 600;

/// The longest from now that something may be said to expire with a duration: a hundred years.
const EXPIRY_DAYS_MAX: u64 = 36_500;

const DURATION_FORM: &str = "a whole number and a unit, for example 500ms, 10s, 5m, 12h or 30d";

/// Reads a duration: a whole number of `ms`, `s`, `m`, `h` or `d`.
fn duration(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(unit_at);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("must be {DURATION_FORM}")),
    };
    let count: u64 = count.parse().map_err(|_| format!("must be {DURATION_FORM}"))?;
    count.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(|| "is too long".to_owned())
}

/// Reads the timeout of a call.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration(text)?;
    if timeout.is_zero() || timeout > Duration::from_secs(TIMEOUT_SECONDS_MAX) {
        return Err("must be more than nothing and at most 10m".to_owned());
    }
    Ok(timeout)
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So long from now.
    After(Duration),
    /// Then.
    At(OffsetDateTime),
}

/// Reads an expiry: a duration from now, or a time as RFC 3339 has it.
pub(crate) fn expiry(text: &str) -> Result<Expiry, String> {
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Expiry::At(at));
    }
    let after = duration(text).map_err(|problem| format!("{problem}, or a time like 2030-01-31T12:00:00Z"))?;
    if after.is_zero() || after > Duration::from_secs(EXPIRY_DAYS_MAX * 86_400) {
        return Err(format!("must be more than nothing and at most {EXPIRY_DAYS_MAX}d"));
    }
    Ok(Expiry::After(after))
}

impl Expiry {
    /// The end as a message has it.
    pub(crate) fn to_proto(self, now: OffsetDateTime) -> Timestamp {
        let at = match self {
            Self::After(duration) => now + duration,
            Self::At(at) => at,
        };
        Timestamp { seconds: at.unix_timestamp(), nanos: i32::try_from(at.nanosecond()).unwrap_or(0) }
    }
}

/// A time of a message as RFC 3339 has it, in whole seconds; nothing if it is absent or none.
pub(crate) fn from_proto(timestamp: Option<&Timestamp>) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(timestamp?.seconds).ok()?;
    at.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for bad in ["", "10", "s", "-1s", "1.5s", "1w", "99999999999999999999s", "184467440737095517d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_timeout_is_neither_nothing_nor_endless() {
        assert!(timeout("1ms").is_ok() && timeout("10m").is_ok());
        assert!(timeout("0s").is_err() && timeout("601s").is_err());
    }

    #[test]
    fn an_expiry_is_a_duration_from_now_or_a_time() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(expiry("1h").unwrap().to_proto(now).seconds, 3_600);
        assert_eq!(expiry("1970-01-02T00:00:00Z").unwrap().to_proto(now).seconds, 86_400);
        assert!(expiry("tomorrow").is_err() && expiry("0d").is_err() && expiry("36501d").is_err());
    }

    #[test]
    fn a_time_is_shown_in_whole_seconds() {
        let shown = from_proto(Some(&Timestamp { seconds: 86_400, nanos: 5 }));
        assert_eq!(shown.as_deref(), Some("1970-01-02T00:00:00Z"));
        assert_eq!(from_proto(None), None);
    }
}
