//! Calls that may not pass, and what their callers learn: a coarse reason and a decision's id.

use chassis::Reason;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};

use crate::world::{Answer, DOCS, OWN_HOST, start_with_routes};

const ROADMAP: &str = "/v1/documents/roadmap";
const VIEW: &str = "acme document:roadmap#view@user:alice";

/// A denial without what differs from one to the next.
fn alike(answer: &Answer) -> (i32, i32, String) {
    let id = &answer.headers["bailiwick-decision-id"];
    (answer.code, answer.status, answer.body.replace(id.as_str(), ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_a_credential_is_told_how_to_show_one() {
    let world = start_with_routes().await;
    let answer = world.get(ROADMAP).await;
    assert_eq!(answer.denied(), (401, "credential_missing"));
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.body.contains(r#""reason":"credential_missing""#), "{}", answer.body);
    assert!(answer.body.contains(answer.headers["bailiwick-decision-id"].as_str()), "{}", answer.body);
    let basic = world.ask(DOCS, "GET", ROADMAP, &[("authorization", "Basic YTpi")]).await;
    assert_eq!(basic.denied(), (401, "credential_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_caller_gets_a_line_of_text() {
    let world = start_with_routes().await;
    let answer = world.call_as("bwk_wrong", DOCS, "/example.documents.v1.DocumentService/ListDocuments").await;
    assert_eq!(answer.denied(), (401, "credential_invalid"));
    assert!(answer.body.starts_with("The credential is not valid. (credential_invalid, decision "), "{}", answer.body);
    assert!(!answer.headers.contains_key("content-type"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_a_missing_scope_and_a_missing_permission_look_alike() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    world.permissions.allow("globex document:roadmap#view@user:alice");
    let globex = world.new_key("globex", "user:alice", &["documents.read"], None);
    let narrow = world.new_key("acme", "user:alice", &["documents.write"], None);
    let bob = world.new_key("acme", "user:bob", &["documents.read"], None);

    let of_another_tenant = world.get_as(globex.expose(), ROADMAP).await;
    assert_eq!(of_another_tenant.denied(), (403, "forbidden"));
    for answer in [
        world.get_as(narrow.expose(), ROADMAP).await,
        world.get_as(bob.expose(), ROADMAP).await,
        world.get_as(bob.expose(), "/v1/documents/unknown").await,
    ] {
        assert_eq!(alike(&answer), alike(&of_another_tenant));
    }
    world.permissions.refuse(Some(Reason::SchemaTypeUnknown));
    assert_eq!(alike(&world.get_as(bob.expose(), ROADMAP).await), alike(&of_another_tenant));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_is_refused_even_while_it_is_remembered() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], Some(time::Duration::seconds(90)));
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    world.gate.clock().advance(time::Duration::seconds(89));
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    world.gate.clock().advance(time::Duration::seconds(1));
    assert_eq!(world.get_as(key.expose(), "/me").await.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_as_soon_as_the_feed_says_so() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    world.gate.identity().revoke_api_key(key.expose());
    let began = std::time::Instant::now();
    world.eventually("the key is refused", async || world.get_as(key.expose(), "/me").await.code != 0).await;
    assert!(began.elapsed().as_secs() < 2, "took {:?}", began.elapsed());
    assert_eq!(world.get_as(key.expose(), "/me").await.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_refused_without_asking_identity() {
    let world = start_with_routes().await;
    let before = world.gate.identity().times_asked();
    let key = world.new_key("acme", "user:alice", &[], None);
    let mistyped = format!("{}x", &key.expose()[..key.expose().len() - 1]);
    for wrong in ["bwk_", "bwk_wrong", &mistyped.replace("xx", "yx")] {
        if wrong != key.expose() {
            assert_eq!(world.get_as(wrong, "/me").await.denied(), (401, "credential_invalid"), "{wrong}");
        }
    }
    assert_eq!(world.gate.identity().times_asked(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_asked_about_once_and_then_refused_from_memory() {
    let world = start_with_routes().await;
    let unknown = chassis::api_key::ApiKey::generate(&chassis::clock::SystemEntropy);
    let before = world.gate.identity().times_asked();
    for _ in 0..5 {
        assert_eq!(world.get_as(unknown.expose(), "/me").await.denied(), (401, "credential_invalid"));
    }
    assert_eq!(world.gate.identity().times_asked() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_identitys_or_has_ended_is_refused() {
    let world = start_with_routes().await;
    let token = world.gate.with_token("acme", "user:alice", &[]);
    let strangers = token.clone().signed_by(&testing::harness::unknown_key()).header_for("").1;
    let gates = token.clone().signed_by(world.gate.assertion_key()).header_for("").1;
    let assertion = world.gate.as_subject("acme", "user:alice", &[]).header_for("/me").1;
    for authorization in [strangers, gates, format!("Bearer {assertion}"), "Bearer a.b.c".to_owned()] {
        let answer = world.ask(DOCS, "GET", "/me", &[("authorization", &authorization)]).await;
        assert_eq!(answer.denied(), (401, "credential_invalid"), "{authorization}");
    }
    let good = token.header_for("").1;
    assert_eq!(world.ask(DOCS, "GET", "/me", &[("authorization", &good)]).await.code, 0);
    world.gate.clock().advance(time::Duration::seconds(300));
    assert_eq!(world.ask(DOCS, "GET", "/me", &[("authorization", &good)]).await.denied(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_route_takes_is_unknown() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    for path in ["/", "/v1/documents", "/v1/documents/", "/other"] {
        assert_eq!(world.get_as(key.expose(), path).await.denied(), (403, "route_unknown"), "{path}");
    }
    for host in ["nobodys.example", "127.0.0.1", "[::1]"] {
        assert_eq!(world.ask(host, "GET", "/open", &[]).await.denied(), (403, "route_unknown"), "{host}");
    }
    for path in ["/bailiwick.identity.v1.PeerService/AuthenticateApiKey", "/grpc.health.v1.Health/Check", "/x"] {
        assert_eq!(world.call_as(key.expose(), OWN_HOST, path).await.denied(), (403, "route_unknown"), "{path}");
    }
    assert_eq!(world.ask(DOCS, "POST", "/open", &[]).await.denied(), (403, "route_unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_read_in_two_ways_is_ambiguous() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    let authorization = format!("Bearer {}", key.expose());
    for path in [
        "/v1//documents/roadmap",
        "/v1/documents/../documents/roadmap",
        "/v1/documents%2froadmap",
        "/open;x",
        "open",
        "",
        "*",
    ] {
        assert_eq!(world.get_as(key.expose(), path).await.denied(), (400, "request_ambiguous"), "{path}");
    }
    for (host, method) in [("", "GET"), (DOCS, ""), ("docs.acme.example.", "GET"), ("user@docs.acme.example", "GET")] {
        let answer = world.ask(host, method, "/open", &[]).await;
        assert_eq!(answer.denied(), (400, "request_ambiguous"), "{method} {host}");
    }
    let joined = format!("{authorization},{authorization}");
    let both = [("authorization", authorization.as_str()), ("x-api-key", key.expose())];
    for headers in [&[("authorization", joined.as_str())][..], &both] {
        assert_eq!(world.ask(DOCS, "GET", ROADMAP, headers).await.denied(), (400, "request_ambiguous"));
    }
    let hop_by_hop = [("authorization", authorization.as_str()), ("connection", "close, bailiwick-assertion")];
    assert_eq!(world.ask(DOCS, "GET", ROADMAP, &hop_by_hop).await.denied(), (400, "request_ambiguous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_claims_about_itself_changes_nothing() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    let authorization = format!("Bearer {}", key.expose());
    let (_, forged) = world.gate.as_subject("globex", "user:mallory", &["documents.read"]).header_for("/v1");
    let spoofed = [
        ("bailiwick-assertion", forged.as_str()),
        ("bailiwick-tenant", "globex"),
        ("bailiwick-decision-id", "mine"),
        ("x-forwarded-host", "nobodys.example"),
        ("x-forwarded-uri", "/open"),
        ("x-forwarded-method", "POST"),
        ("x-original-url", "/open"),
        ("x-envoy-original-path", "/open"),
        ("x-http-method-override", "DELETE"),
    ];
    assert_eq!(world.ask(DOCS, "GET", ROADMAP, &spoofed).await.denied(), (401, "credential_missing"));
    let mut headers = spoofed.to_vec();
    headers.push(("authorization", &authorization));
    let answer = world.ask(DOCS, "GET", ROADMAP, &headers).await;
    assert_eq!(world.verified(&answer, "documents").subject, "user:alice");
    assert_ne!(answer.headers["bailiwick-assertion"], forged);
    assert_ne!(answer.headers["bailiwick-decision-id"], "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_says_nothing_is_denied() {
    let world = start_with_routes().await;
    for empty in [CheckRequest::default(), CheckRequest { attributes: Some(AttributeContext::default()) }] {
        assert_eq!(world.ask_envoy(empty).await.denied(), (400, "request_ambiguous"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistency_token_that_permissions_refuses_is_the_callers_mistake() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    for reason in [Reason::ConsistencyTokenInvalid, Reason::ConsistencyTokenLost] {
        world.permissions.refuse(Some(reason));
        assert_eq!(world.get_as(key.expose(), ROADMAP).await.denied(), (400, "request_invalid"), "{reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_gateway_may_ask() {
    let world = start_with_routes().await;
    for peer in ["permissions", "documents"] {
        let mut client = envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient::new(
            world.gate.channel_as_peer(peer),
        );
        let refused = client.check(CheckRequest::default()).await.expect_err("refused");
        assert_eq!(chassis::error::reason_of(&refused), Some(Reason::PeerRequired), "{peer}");
    }
}
