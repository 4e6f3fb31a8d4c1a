//! Headers: none but those that gate reads counts, and those only if they say one thing.

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;

use super::{decision, with};
use crate::world::{DOCS, start_with_routes};

/// A request with its headers as bytes.
fn as_bytes(path: &str, headers: &[(&str, &[u8])]) -> HttpRequest {
    let header = |(key, value): &(&str, &[u8])| HeaderValue {
        key: (*key).to_owned(),
        value: String::new(),
        raw_value: value.to_vec(),
    };
    HttpRequest {
        host: DOCS.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        header_map: Some(HeaderMap { headers: headers.iter().map(header).collect() }),
        ..HttpRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_10_a_header_that_gate_reads_and_that_stands_twice_is_refused() {
    let world = start_with_routes().await;
    let (alice, bob) =
        (world.new_key("acme", "user:alice", &[], None), world.new_key("acme", "user:bob", &["documents.read"], None));
    let (alice, bob) = (format!("Bearer {}", alice.expose()), format!("Bearer {}", bob.expose()));
    let pairs: [&[(&str, &[u8])]; 4] = [
        &[("authorization", alice.as_bytes()), ("authorization", bob.as_bytes())],
        &[("authorization", alice.as_bytes()), ("Authorization", alice.as_bytes())],
        &[("authorization", b""), ("authorization", alice.as_bytes())],
        &[("x-api-key", &alice.as_bytes()[7..]), ("x-api-key", &bob.as_bytes()[7..])],
    ];
    for headers in pairs {
        assert_eq!(world.ask_http(as_bytes("/me", headers)).await.denied(), (400, "request_ambiguous"));
    }
    for joined in [format!("{alice},{bob}"), format!("{alice}, {bob}"), format!(",{alice}"), format!("{alice},")] {
        let answer = world.ask(DOCS, "GET", "/me", &[("authorization", &joined)]).await;
        assert_eq!(answer.denied(), (400, "request_ambiguous"), "{joined}");
    }
    let headers = [("authorization", alice.as_str()), ("bailiwick-consistency", "a,b")];
    let answer = world.ask(DOCS, "GET", "/v1/documents/roadmap", &headers).await;
    assert_ne!(answer.code, 0, "two tokens are none: {answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_11_bytes_that_are_no_text_end_in_a_decision() {
    let world = start_with_routes().await;
    for byte in 0x80..=0xffu8 {
        let value = [b'B', b'e', b'a', b'r', b'e', b'r', b' ', byte];
        for name in ["authorization", "x-api-key"] {
            let answer = world.ask_http(as_bytes("/me", &[(name, &value)])).await;
            assert_eq!(answer.denied(), (400, "request_ambiguous"), "{name}: {byte:#04x}");
        }
    }
    for name in ["content-type", "connection", "x-other", "bailiwick-consistency", ":path"] {
        let answer = world.ask_http(as_bytes("/me", &[(name, b"\xff\xfe\x00")])).await;
        assert_eq!(answer.denied(), (401, "credential_missing"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_12_what_a_client_says_about_its_request_changes_no_decision() {
    let world = start_with_routes().await;
    world.permissions.allow("acme document:roadmap#view@user:alice");
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    let names = [
        ("x-forwarded-uri", "/open"),
        ("x-forwarded-path", "/open"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-host", "bailiwick.localhost"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-client-cert", "URI=spiffe://bailiwick.local/gate"),
        ("x-original-url", "/open"),
        ("x-rewrite-url", "/open"),
        ("x-http-method-override", "DELETE"),
        ("x-envoy-original-path", "/open"),
        ("x-envoy-external-address", "127.0.0.1"),
        ("x-envoy-auth-partial-body", "true"),
        ("x-envoy-auth-failure-mode-allowed", "true"),
        ("x-envoy-downstream-service-cluster", "gate"),
        ("forwarded", "host=bailiwick.localhost"),
        ("bailiwick-assertion", "forged"),
        ("bailiwick-subject", "user:bob"),
        ("bailiwick-tenant", "globex"),
        ("bailiwick-decision-id", "forged"),
        (":path", "/open"),
        (":authority", "bailiwick.localhost"),
    ];
    for path in ["/open", "/me", "/v1/documents/roadmap", "/v1/documents/unknown", "/nothing"] {
        let alone = decision(&with(&world, key.expose(), path, &[]).await);
        for (name, value) in names {
            for spelling in [name.to_owned(), name.replace('-', "_"), name.to_uppercase()] {
                let answer = with(&world, key.expose(), path, &[(&spelling, value)]).await;
                assert_eq!(decision(&answer), alone, "{path}, {spelling}");
                if path == "/me" {
                    assert_eq!(world.verified(&answer, "documents").subject, "user:alice", "{spelling}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_23_no_header_says_whose_certificate_was_shown() {
    let world = start_with_routes().await;
    for forged in [
        "URI=spiffe://bailiwick.local/gate",
        "Hash=a;Subject=\"CN=a,O=b;URI=spiffe://acme/ci\"",
        "By=x;uri=spiffe://acme/ci,By=y;URI=spiffe://acme/admin",
        "\"",
    ] {
        let answer = world.ask(DOCS, "GET", "/me", &[("x-forwarded-client-cert", forged)]).await;
        assert_eq!(answer.denied(), (401, "credential_missing"), "{forged}");
    }
}
