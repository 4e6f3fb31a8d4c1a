//! The sample for Istio: in YAML that holds together, and fails closed. No Istio runs here.

use serde_norway::{Deserializer, Value};

const MESH: &str = include_str!("../../../deploy/samples/istio/mesh-config.yaml");
const GATE: &str = include_str!("../../../deploy/samples/istio/gate.yaml");

/// The resource of this kind.
fn resource(kind: &str) -> Value {
    let found = Deserializer::from_str(GATE)
        .map(|document| <Value as serde::Deserialize>::deserialize(document).unwrap())
        .find(|resource| resource["kind"] == kind);
    found.unwrap_or_else(|| panic!("the sample has no {kind}"))
}

fn provider() -> (String, Value) {
    let mesh: Value = serde_norway::from_str(MESH).unwrap();
    let provider = &mesh["extensionProviders"][0];
    (provider["name"].as_str().unwrap().to_owned(), provider["envoyExtAuthzGrpc"].clone())
}

#[test]
fn istio_fails_closed_and_waits_for_gate_no_longer_than_our_gateway() {
    let (_, gate) = provider();
    assert_eq!(gate["failOpen"], Value::Bool(false));
    assert_eq!(gate["timeout"], "1s");
    assert_eq!(gate["statusOnError"], "503");
}

#[test]
fn istios_resources_name_each_other() {
    let (name, gate) = provider();
    let policy = resource("AuthorizationPolicy");
    assert_eq!(policy["spec"]["action"], "CUSTOM");
    assert_eq!(policy["spec"]["provider"]["name"], name.as_str());
    // A rule that says nothing takes every request; one that says something would leave some out.
    assert_eq!(policy["spec"]["rules"].as_sequence().unwrap().len(), 1);
    assert!(policy["spec"]["rules"][0].as_mapping().unwrap().is_empty());

    let entry = resource("ServiceEntry");
    assert_eq!(entry["spec"]["hosts"][0], gate["service"]);
    assert_eq!(entry["spec"]["ports"][0]["number"], gate["port"]);
    let rule = resource("DestinationRule");
    assert_eq!(rule["spec"]["host"], gate["service"]);
    assert_eq!(rule["spec"]["trafficPolicy"]["tls"]["mode"], "MUTUAL");
    assert_eq!(rule["spec"]["trafficPolicy"]["tls"]["subjectAltNames"][0], "spiffe://bailiwick.local/gate");
}

#[test]
fn istio_strips_what_the_gateway_strips() {
    let filter = resource("EnvoyFilter");
    let connections = &filter["spec"]["configPatches"][0]["patch"]["value"]["typed_config"];
    assert_eq!(connections["path_with_escaped_slashes_action"], "REJECT_REQUEST");
    let mutations = &connections["early_header_mutation_extensions"][0]["typed_config"]["mutations"];
    let removed: Vec<&str> =
        mutations.as_sequence().unwrap().iter().filter_map(|mutation| mutation["remove"].as_str()).collect();
    // Istio sanitizes x-forwarded-client-cert at its ingress gateways by itself.
    for header in testing::envoy::STRIPPED_HEADERS.iter().filter(|header| header.starts_with("bailiwick-")) {
        assert!(removed.contains(header), "{header}");
    }
}
