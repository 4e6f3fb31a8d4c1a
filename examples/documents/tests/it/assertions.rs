//! Which assertions are believed: the one that gate signed, for this audience and this route, now. No other.

use assertion::AssertionClaims;
use axum::http::{HeaderMap, Method, StatusCode};
use documents::route;
use serde_json::json;
use time::Duration;

use crate::upstream::{self, Gate, NOW, Upstream, alice};

const ROADMAP: &str = "/v1/documents/roadmap";

async fn refused(upstream: &Upstream, assertions: &[&str]) {
    let answer = upstream.call(Method::GET, ROADMAP, assertions, "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{assertions:?}");
    assert_eq!(answer.json, json!({ "error": "no valid assertion" }), "{assertions:?}");
}

#[tokio::test]
async fn a_good_assertion_says_who_is_calling() {
    let upstream = Upstream::start().await;
    let answer = upstream.as_alice(Method::GET, ROADMAP, route::READ, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json["title"], "Roadmap");
    let alice = json!({ "subject": "user:alice", "tenant": "acme", "permission": "document#view" });
    assert_eq!(answer.json["requested_by"], alice);
}

#[tokio::test]
async fn a_call_without_an_assertion_is_refused() {
    refused(&Upstream::start().await, &[]).await;
}

#[tokio::test]
async fn other_headers_say_nothing_about_the_caller() {
    let upstream = Upstream::start().await;
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-user", "alice"), ("authorization", "Bearer x"), ("bailiwick-tenant", "acme")] {
        headers.insert(name, value.parse().unwrap());
    }
    let answer = upstream::call(upstream.address, false, Method::GET, ROADMAP, headers, "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_assertion_that_somebody_else_signed_is_refused() {
    let upstream = Upstream::start().await;
    for forger in [Gate::new("gate-1"), Gate::new("unknown")] {
        refused(&upstream, &[&forger.sign(&alice(route::READ))]).await;
    }
}

#[tokio::test]
async fn an_assertion_that_was_changed_is_refused() {
    let upstream = Upstream::start().await;
    let good = upstream.gate.sign(&alice(route::READ));
    let other = upstream.gate.sign(&AssertionClaims { subject: "user:bob".to_owned(), ..alice(route::READ) });
    let (head, _) = good.split_once('.').unwrap();
    let claims = other.split('.').nth(1).unwrap();
    let signature = good.rsplit_once('.').unwrap().1;
    refused(&upstream, &[&format!("{head}.{claims}.{signature}")]).await;
    for garbage in ["", "x", "a.b.c", &"a".repeat(9_000), &format!("{head}.{claims}.")] {
        refused(&upstream, &[garbage]).await;
    }
}

#[tokio::test]
async fn two_assertions_are_refused_even_if_both_are_good() {
    let upstream = Upstream::start().await;
    let good = upstream.gate.sign(&alice(route::READ));
    refused(&upstream, &[&good, &good]).await;
    refused(&upstream, &[&good, "forged"]).await;
    refused(&upstream, &[&format!("{good},{good}")]).await;
}

#[tokio::test]
async fn an_assertion_for_another_moment_audience_issuer_or_route_is_refused() {
    let upstream = Upstream::start().await;
    let seconds = |seconds: i64| (NOW + Duration::seconds(seconds)).unix_timestamp();
    let good = alice(route::READ);
    let bad = [
        AssertionClaims { issued_at: seconds(-60), expires_at: seconds(0), ..good.clone() },
        AssertionClaims { issued_at: seconds(6), expires_at: seconds(60), ..good.clone() },
        AssertionClaims { expires_at: seconds(61), ..good.clone() },
        AssertionClaims { audience: "payroll".to_owned(), ..good.clone() },
        AssertionClaims { issuer: "somebody".to_owned(), ..good.clone() },
        AssertionClaims { route: route::WRITE.to_owned(), ..good.clone() },
        AssertionClaims { subject: String::new(), ..good.clone() },
        AssertionClaims { tenant: String::new(), ..good },
    ];
    for claims in bad {
        refused(&upstream, &[&upstream.gate.sign(&claims)]).await;
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_documents_only() {
    let upstream = Upstream::start().await;
    let body = json!({ "title": "Ours", "body": "secret" }).to_string();
    let written = upstream.as_alice(Method::PUT, "/v1/documents/plan", route::WRITE, &body).await;
    assert_eq!(written.status, StatusCode::OK);
    let stranger = AssertionClaims { tenant: "globex".to_owned(), ..alice(route::READ) };
    let answer = upstream.call(Method::GET, "/v1/documents/plan", &[&upstream.gate.sign(&stranger)], "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
