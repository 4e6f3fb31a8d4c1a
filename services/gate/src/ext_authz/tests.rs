//! Whatever Envoy sends is read, and no denial ever looks like its opposite.

use std::collections::HashMap;

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request as AttributeRequest};
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use proptest::prelude::*;

use super::*;
use crate::domain::decision::{Allowed, Outcome};
use crate::domain::denial::{Denial, Reason};
use crate::domain::own_routes::OwnRoutes;
use crate::domain::request::Request as CanonicalRequest;
use crate::domain::table::Table;

fn decision(outcome: Outcome) -> Decision {
    Decision { id: "d1".to_owned(), is_grpc: false, route: "read".to_owned(), tenant: "acme".to_owned(), outcome }
}

#[test]
fn lapse_16_no_denial_has_the_code_that_lets_a_call_pass() {
    for reason in [
        Reason::CredentialMissing,
        Reason::CredentialInvalid,
        Reason::Forbidden,
        Reason::RouteUnknown,
        Reason::RequestAmbiguous,
        Reason::RequestInvalid,
        Reason::Unavailable,
    ] {
        let answer = respond(&decision(Outcome::Denied(Denial::new(reason, "why"))));
        assert_ne!(answer.status.map(|status| status.code), Some(0), "{reason:?}");
        match answer.http_response {
            Some(HttpResponse::DeniedResponse(denied)) if reason != Reason::Unavailable => {
                assert!((400..500).contains(&denied.status.expect("a denial has a status").code), "{reason:?}");
                assert!(!denied.body.contains("why"), "the detail is for the log alone");
            }
            Some(HttpResponse::ErrorResponse(error)) if reason == Reason::Unavailable => {
                assert_eq!(error.status.expect("an error has a status").code, 503);
            }
            other => panic!("{reason:?}: {other:?}"),
        }
    }
}

#[test]
fn lapse_17_every_header_is_set_in_place_of_what_the_client_sent() {
    let allowed =
        Allowed { assertion: "a.b.c".to_owned(), remove: vec!["x-api-key"], verdict: assertion::Verdict::Allowed };
    let answer = respond(&decision(Outcome::Allowed(allowed)));
    assert_eq!(answer.status.map(|status| status.code), Some(0));
    let Some(HttpResponse::OkResponse(ok)) = answer.http_response else { panic!("an allowed call passes") };
    for header in ok.headers.iter().chain(&ok.response_headers_to_add) {
        #[expect(deprecated, reason = "what old Envoys go by")]
        let append = header.append.expect("both fields are set").value;
        assert!(!append && header.append_action == 2, "{header:?}");
        assert!(!header.header.as_ref().expect("a header").key.starts_with(':'));
    }
    assert_eq!(ok.headers_to_remove, ["x-api-key"]);
}

#[test]
fn a_request_that_says_nothing_is_read_as_nothing() {
    let with = |request| CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) };
    for empty in [CheckRequest::default(), with(None), with(Some(AttributeRequest::default()))] {
        assert!(CanonicalRequest::read(attributes::read(empty)).is_err());
    }
}

#[test]
fn both_forms_of_headers_are_read_and_joined() {
    let mut http =
        HttpRequest { headers: HashMap::from([("x-api-key".to_owned(), "a".to_owned())]), ..HttpRequest::default() };
    let listed = |key: &str, value: &str, raw: &[u8]| HeaderValue {
        key: key.to_owned(),
        value: value.to_owned(),
        raw_value: raw.to_vec(),
    };
    http.header_map = Some(HeaderMap { headers: vec![listed("x-api-key", "", b"b"), listed("x-other", "c", b"")] });
    let request = AttributeRequest { http: Some(http), ..AttributeRequest::default() };
    let raw = attributes::read(CheckRequest {
        attributes: Some(AttributeContext { request: Some(request), ..AttributeContext::default() }),
    });
    let values: Vec<_> = raw.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    assert_eq!(values, [("x-api-key", b"a".as_slice()), ("x-api-key", b"b"), ("x-other", b"c")]);
}

proptest! {
    #[test]
    fn whatever_envoy_sends_is_denied_at_an_unknown_host(
        method in prop_oneof![Just("GET".to_owned()), Just("POST".to_owned()), ".{0,6}"],
        host in prop_oneof![Just("docs.example".to_owned()), ".{0,20}"],
        path in prop_oneof!["/[a-z./%;?#\\\\]{0,20}", ".{0,20}"],
        headers in proptest::collection::hash_map(".{0,10}", ".{0,20}", 0..4),
        raw in proptest::collection::vec((".{0,10}", proptest::collection::vec(any::<u8>(), 0..20)), 0..4),
    ) {
        let listed = raw.into_iter().map(|(key, raw_value)| HeaderValue { key, value: String::new(), raw_value }).collect();
        let http = HttpRequest { method, host, path, headers, header_map: Some(HeaderMap { headers: listed }), ..HttpRequest::default() };
        let request = AttributeRequest { http: Some(http), ..AttributeRequest::default() };
        let attributes = AttributeContext { request: Some(request), ..AttributeContext::default() };
        let table = Table::new(std::collections::HashSet::from(["own.example".to_owned()]), OwnRoutes::compile().unwrap());
        let raw = attributes::read(CheckRequest { attributes: Some(attributes) });
        let found = CanonicalRequest::read(raw).and_then(|request| table.find(&request));
        prop_assert!(found.is_err());
    }
}
