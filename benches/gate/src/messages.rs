//! What is asked, as Envoy asks it.

use std::collections::HashMap;

use envoy_types::pb::envoy::config::core::v3::address::Address as Kind;
use envoy_types::pb::envoy::config::core::v3::socket_address::PortSpecifier;
use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};

/// A call that somebody makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// What they show as a bearer.
    pub(crate) credential: Option<&'a str>,
}

/// The question about it, with what Envoy says besides.
pub(crate) fn check(call: Call<'_>) -> CheckRequest {
    let pairs = [
        (":authority", call.host),
        (":method", "GET"),
        (":path", call.path),
        (":scheme", "https"),
        ("user-agent", "bench-gate"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "6b1f5d0c-7f5b-4a57-9d43-5a7a3a1f2b60"),
    ];
    let mut headers: HashMap<String, String> =
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(credential) = call.credential {
        headers.insert("authorization".to_owned(), format!("Bearer {credential}"));
    }
    let http = HttpRequest {
        id: "1234567890123456789".to_owned(),
        method: "GET".to_owned(),
        headers,
        path: call.path.to_owned(),
        host: call.host.to_owned(),
        scheme: "https".to_owned(),
        protocol: "HTTP/2".to_owned(),
        ..HttpRequest::default()
    };
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(peer(50_000)),
            destination: Some(peer(8_443)),
            request: Some(Request { time: None, http: Some(http) }),
            ..AttributeContext::default()
        }),
    }
}

fn peer(port: u32) -> Peer {
    let address = SocketAddress {
        address: "127.0.0.1".to_owned(),
        port_specifier: Some(PortSpecifier::PortValue(port)),
        ..SocketAddress::default()
    };
    Peer { address: Some(Address { address: Some(Kind::SocketAddress(address)) }), ..Peer::default() }
}
