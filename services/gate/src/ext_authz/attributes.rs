//! What Envoy tells of a request. Everything may be absent: then it is empty, and refused when it is read.

use envoy_types::pb::envoy::service::auth::v3::CheckRequest;

use crate::domain::request::RawRequest;

/// The request as Envoy tells it. Only its attributes count: what a client says in `x-forwarded-*` and the like is not looked at.
pub(super) fn read(request: CheckRequest) -> RawRequest {
    let Some(attributes) = request.attributes else { return RawRequest::default() };
    // Of the connection's certificate, which Envoy has verified: `x-forwarded-client-cert` is a header like any other.
    let principal = attributes.source.map(|source| source.principal).unwrap_or_default();
    let http = attributes.request.and_then(|request| request.http);
    let Some(http) = http else { return RawRequest::default() };
    // Envoy fills one of the two: the second if it is told to send header values as they are (`encode_raw_headers`).
    let joined = http.headers.into_iter().map(|(name, value)| (name, value.into_bytes()));
    let listed = http.header_map.into_iter().flat_map(|map| map.headers).map(|header| {
        let value = if header.raw_value.is_empty() { header.value.into_bytes() } else { header.raw_value };
        (header.key, value)
    });
    let headers = joined.chain(listed).collect();
    RawRequest { method: http.method, host: http.host, target: http.path, headers, principal }
}
