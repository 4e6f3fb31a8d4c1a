//! Times in messages.

use time::OffsetDateTime;

/// The time as a message.
pub fn to_proto(time: OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.unix_timestamp(), nanos: i32::try_from(time.nanosecond()).unwrap_or(0) }
}

/// The time in a message; none if it is out of range, or its nanoseconds are more than a second.
pub fn from_proto(timestamp: &prost_types::Timestamp) -> Option<OffsetDateTime> {
    let nanos = i64::from(u32::try_from(timestamp.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?);
    let time = OffsetDateTime::from_unix_timestamp(timestamp.seconds).ok()?;
    time.checked_add(time::Duration::nanoseconds(nanos))
}
