//! Requests near to and far from good ones, and which of them may pass without a credential.

use std::collections::HashMap;

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request as AttributeRequest};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

use crate::world::{DOCS, OWN_HOST};

/// The paths that pass without a credential, at [`DOCS`].
const OPEN_PATHS: [&[u8]; 2] = [b"/open", b"/greet"];

/// The RPC that passes without one, at [`OWN_HOST`].
const OPEN_RPC: &str = "/bailiwick.identity.v1.TenantService/Bootstrap";

/// Any request.
pub(super) fn any_request() -> impl Strategy<Value = CheckRequest> {
    prop_oneof![1 => Just(CheckRequest::default()), 1 => Just(of(None)), 60 => http().prop_map(|http| of(Some(http)))]
}

fn of(http: Option<HttpRequest>) -> CheckRequest {
    let source = Some(Peer { principal: "spiffe://else.where/x".to_owned(), ..Peer::default() });
    let request = Some(AttributeRequest { http, ..AttributeRequest::default() });
    CheckRequest { attributes: Some(AttributeContext { source, request, ..AttributeContext::default() }) }
}

fn http() -> impl Strategy<Value = HttpRequest> {
    (method(), host(), path(), joined(), proptest::option::of(listed()), any::<i64>(), vec(any::<u8>(), 0..8)).prop_map(
        |(method, host, path, headers, header_map, size, raw_body)| HttpRequest {
            method,
            host,
            path,
            headers,
            header_map,
            size,
            raw_body,
            ..HttpRequest::default()
        },
    )
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just("GET".to_owned()), 3 => Just("POST".to_owned()), 1 => "[A-Z]{0,8}", 1 => ".{0,8}"]
}

fn host() -> impl Strategy<Value = String> {
    let known = prop_oneof![Just(DOCS), Just(OWN_HOST)];
    prop_oneof![
        4 => known.clone().prop_map(str::to_owned),
        1 => known.clone().prop_map(str::to_uppercase),
        1 => (known, "[:.@,/\\\\0-9a-z]{0,6}").prop_map(|(host, more)| format!("{host}{more}")),
        1 => ".{0,20}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    let known = prop_oneof![
        Just("/open"),
        Just("/greet"),
        Just("/me"),
        Just("/v1/documents/roadmap"),
        Just("/%6fpen"),
        Just("/bailiwick.gate.v1.RouteService/ListRoutes"),
        Just(OPEN_RPC),
    ];
    prop_oneof![
        3 => known.clone().prop_map(str::to_owned),
        3 => (known, "[a-z/.%;?#\\\\0-9A-F]{0,6}").prop_map(|(path, more)| format!("{path}{more}")),
        2 => "(/|%2[ef]|\\.|open|me|;|//|\\\\|%25|\\?|#){0,6}",
        1 => ".{0,30}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("authorization".to_owned()),
        Just("Authorization".to_owned()),
        Just("x-api-key".to_owned()),
        Just("content-type".to_owned()),
        Just("connection".to_owned()),
        Just("bailiwick-assertion".to_owned()),
        Just("bailiwick-consistency".to_owned()),
        Just("x-forwarded-client-cert".to_owned()),
        ".{0,10}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("application/grpc".to_owned()),
        "Bearer bwk_[a-zA-Z0-9_]{0,60}",
        "Bearer [a-z0-9.]{0,20}",
        ".{0,20}",
    ]
}

fn joined() -> impl Strategy<Value = HashMap<String, String>> {
    hash_map(name(), value(), 0..4)
}

fn listed() -> impl Strategy<Value = HeaderMap> {
    let bytes = prop_oneof![value().prop_map(String::into_bytes), vec(any::<u8>(), 0..20)];
    let header = (name(), value(), bytes).prop_map(|(key, value, raw_value)| HeaderValue { key, value, raw_value });
    vec(header, 0..4).prop_map(|headers| HeaderMap { headers })
}

/// Whether a route lets the request pass although nobody shows a good credential: read anew here, by the plainest rules.
pub(super) fn is_open(request: &CheckRequest) -> bool {
    let http =
        request.attributes.as_ref().and_then(|all| all.request.as_ref()).and_then(|request| request.http.as_ref());
    let Some(http) = http else { return false };
    let host = http.host.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    let path = http.path.split('?').next().unwrap_or_default();
    match http.method.as_str() {
        "GET" => host == DOCS && OPEN_PATHS.contains(&decoded(path).as_slice()),
        "POST" => host == OWN_HOST && path == OPEN_RPC,
        _ => false,
    }
}

/// The text with each encoded byte in its plain form, once.
fn decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut plain = Vec::new();
    while let [first, after @ ..] = rest {
        let encoded = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match encoded.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}
