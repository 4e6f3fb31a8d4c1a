//! Hosts: one host has one set of routes, however it is written.

use super::decision;
use crate::world::{OWN_HOST, start_with_routes};

#[tokio::test(flavor = "multi_thread")]
async fn lapse_09_a_host_is_the_same_in_every_case_and_at_every_port() {
    let world = start_with_routes().await;
    for host in ["docs.acme.example", "DOCS.acme.Example", "docs.acme.example:443", "Docs.Acme.Example:8443"] {
        assert_eq!(world.ask(host, "GET", "/open", &[]).await.code, 0, "{host}");
        assert_eq!(world.ask(host, "GET", "/me", &[]).await.denied(), (401, "credential_missing"), "{host}");
    }
    for host in ["docs.acme.example.", "docs.acme.example:", "docs.acme.example:x", "docs.acme.example:80:80"] {
        assert_eq!(world.ask(host, "GET", "/open", &[]).await.denied(), (400, "request_ambiguous"), "{host}");
    }
    for host in ["user@docs.acme.example", "docs.acme.example@x", "docs.acme.example,x", "docs.acme.example/x", "döcs"]
    {
        assert_eq!(world.ask(host, "GET", "/open", &[]).await.denied(), (400, "request_ambiguous"), "{host}");
    }
    for host in ["[::1]:80", "[::1]", "xn--dcs-sna.acme.example", "docs.acme.example.org", "x.docs.acme.example"] {
        assert_eq!(world.ask(host, "GET", "/open", &[]).await.denied(), (403, "route_unknown"), "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_09_bailiwicks_own_host_is_the_same_in_every_case_and_at_every_port() {
    let world = start_with_routes().await;
    let path = "/bailiwick.gate.v1.RouteService/ListRoutes";
    let grpc = [("content-type", "application/grpc")];
    let plain = decision(&world.ask(OWN_HOST, "POST", path, &grpc).await);
    assert_eq!(plain, (401, "credential_missing".to_owned()));
    for host in [OWN_HOST.to_uppercase(), format!("{OWN_HOST}:1"), format!("{OWN_HOST}:65535")] {
        assert_eq!(decision(&world.ask(&host, "POST", path, &grpc).await), plain, "{host}");
    }
}
