//! Paths that an authorizer and an upstream could read differently.

use super::{all_are_ambiguous, decision};
use crate::world::{World, start_with_routes};

const ROADMAP: &str = "/v1/documents/roadmap";
const VIEW: &str = "acme document:roadmap#view@user:alice";

/// A world in which alice may see the roadmap, and her key.
async fn world_of_alice() -> (World, String) {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    let bearer = key.expose().to_owned();
    (world, bearer)
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_01_no_dot_segment_leads_around_a_route() {
    let (world, alice) = world_of_alice().await;
    let hostile = [
        "/open/../me",
        "/open/..",
        "/./open",
        "/open/.",
        "/open/%2e%2e/me",
        "/open/.%2e/me",
        "/open/%2E./me",
        "/open/..;/me",
        "/open/..;x=y/me",
        "/open/..%3b/me",
        "/v1/documents/../../open",
        "/v1/documents/..",
        "/v1/documents/%2e",
    ];
    all_are_ambiguous(&world, &alice, &hostile).await;
    assert_eq!(world.get_as(&alice, "/v1/.../x").await.denied(), (403, "route_unknown"), "no dot segment");
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_02_no_slash_in_disguise_leads_around_a_route() {
    let (world, alice) = world_of_alice().await;
    let hostile = [
        "//me",
        "/open//me",
        "/open//",
        "/open%2Fme",
        "/open%5Cme",
        "/open\\me",
        "\\open",
        "/v1/documents%2Froadmap",
        "/v1/documents/a%2Fb",
        "/v1/documents\\roadmap",
        "/open%00",
        "/open%0d%0a",
    ];
    all_are_ambiguous(&world, &alice, &hostile).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_03_the_case_of_an_encoded_byte_changes_no_decision() {
    let (world, alice) = world_of_alice().await;
    for (upper, lower) in [
        ("/open%2Fme", "/open%2fme"),
        ("/open%5Cme", "/open%5cme"),
        ("/%2E%2E/me", "/%2e%2e/me"),
        ("/%6Fpen", "/%6fpen"),
        ("/%6De", "/%6de"),
        ("/v1/documents/roa%64m%61p", "/v1/documents/roa%64m%61p"),
        ("/v1/documents/%7C", "/v1/documents/%7c"),
    ] {
        let (upper_answer, lower_answer) = (world.get_as(&alice, upper).await, world.get_as(&alice, lower).await);
        assert_eq!(decision(&upper_answer), decision(&lower_answer), "{upper}");
    }
    assert_eq!(world.get_as(&alice, "/v1/documents/%72oadmap").await.code, 0, "decoded once, it is the plain path");
    assert_eq!(world.get("/%6De").await.denied(), (401, "credential_missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_04_what_is_encoded_twice_is_refused() {
    let (world, alice) = world_of_alice().await;
    let hostile = [
        "/%252e%252e/me",
        "/open%252fme",
        "/%256Fpen",
        "/v1/documents/%2572oadmap",
        "/v1/documents/%25%32%65",
        "/open%",
        "/open%2",
        "/open%zz",
    ];
    all_are_ambiguous(&world, &alice, &hostile).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_05_nothing_at_the_beginning_of_a_path_is_taken_for_a_host() {
    let (world, alice) = world_of_alice().await;
    let hostile = ["//x/me", "//open", "///me", "http://docs.acme.example/open", "https://x/open", "/\\x/me"];
    all_are_ambiguous(&world, &alice, &hostile).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_06_a_query_changes_no_decision() {
    let (world, alice) = world_of_alice().await;
    for path in ["/open", "/greet", "/me", ROADMAP, "/v1/documents/unknown", "/nothing"] {
        let plain = (decision(&world.get(path).await), decision(&world.get_as(&alice, path).await));
        for query in ["?", "?a=b", "?a=/../me", "??", "?/open", "?a=%2f..%2f", "?;a"] {
            let target = format!("{path}{query}");
            let asked = (decision(&world.get(&target).await), decision(&world.get_as(&alice, &target).await));
            assert_eq!(asked, plain, "{target}");
        }
    }
    assert_eq!(world.get("/%3Fme").await.denied(), (400, "request_ambiguous"), "an encoded ? begins no query");
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_07_a_fragment_is_refused() {
    let (world, alice) = world_of_alice().await;
    let hostile = ["/me#/open", "/open#", "/open%23/me", "/open?a#b", "/v1/documents/roadmap#x"];
    all_are_ambiguous(&world, &alice, &hostile).await;
    for longer in ["/openx", "/open/x", "/xopen"] {
        assert_eq!(world.get(longer).await.denied(), (403, "route_unknown"), "a route takes whole paths: {longer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_08_a_path_parameter_is_refused() {
    let (world, alice) = world_of_alice().await;
    let hostile = ["/me;x", "/open;/me", "/me;a=b", "/v1;x/documents/roadmap", "/v1/documents/roadmap;x", "/open%3Bx"];
    all_are_ambiguous(&world, &alice, &hostile).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_19_a_grpc_path_without_its_slash_is_refused() {
    let (world, alice) = world_of_alice().await;
    let method = "example.documents.v1.DocumentService/ListDocuments";
    for path in [method, &format!("//{method}"), &format!("/{method}/..")] {
        let answer = world.call_as(&alice, crate::world::DOCS, path).await;
        assert_eq!(answer.denied(), (400, "request_ambiguous"), "{path}");
    }
    for path in
        [format!("/{method}/"), format!("/{method}x"), format!("/x/{method}"), format!("/{}", method.to_lowercase())]
    {
        assert_eq!(world.call_as(&alice, crate::world::DOCS, &path).await.denied(), (403, "route_unknown"), "{path}");
    }
}
