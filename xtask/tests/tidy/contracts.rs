//! The contracts and the code that answers them: an RPC has one name, in the proto, in the file, in the test.

use std::collections::{BTreeMap, BTreeSet};

use contract::peer::PEERS;
use contract::rpc::{self, RPCS};

use crate::none_of;
use crate::tree::{SERVICES, exists, rust_files};

/// The RPCs of ours, as (service, `VerbNoun`).
fn own_rpcs() -> Vec<(&'static str, &'static str)> {
    let own: Vec<_> = RPCS
        .iter()
        .filter(|rpc| rpc.path.starts_with("/bailiwick."))
        .map(|rpc| (rpc.service, rpc.path.rsplit('/').next().expect("a path has a method")))
        .collect();
    assert!(own.len() > 20, "only {} RPCs were found", own.len());
    own
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[test]
fn every_rpc_has_a_file_and_a_test_of_its_name() {
    let mut violations = Vec::new();
    for (service, name) in own_rpcs() {
        assert!(SERVICES.contains(&service), "{name} is answered by {service}, which is no service");
        let file = snake_case(name);
        for path in [format!("services/{service}/src/grpc/{file}.rs"), format!("services/{service}/tests/it/{file}.rs")]
        {
            if !exists(&path) {
                violations.push(format!("{path} is missing, for {name}"));
            }
        }
    }
    none_of(violations);
}

#[test]
fn only_one_file_names_envoys_answer() {
    // A default one lets the call pass, so there is one place that makes it, from a closed type.
    let is_envoys = |text: &str| text.contains("envoy_types") && text.contains("CheckResponse");
    let naming: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| file.path.starts_with("services/") && !file.is_test() && is_envoys(&file.text))
        .map(|file| file.path)
        .collect();
    assert_eq!(naming.len(), 1, "one file must name Envoy's CheckResponse, not {naming:?}");
}

#[test]
fn requests_between_services_form_no_circle() {
    let mut calls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for peer in PEERS {
        for path in peer.calls {
            let rpc = rpc::find(path)
                .unwrap_or_else(|| panic!("proto/peers.toml: {} calls {path}, which there is not", peer.name));
            calls.entry(peer.name).or_default().insert(rpc.service);
        }
    }
    for start in calls.keys() {
        let mut reached: BTreeSet<&str> = calls[start].clone();
        loop {
            let further: BTreeSet<&str> =
                reached.iter().filter_map(|service| calls.get(service)).flatten().copied().collect();
            if further.is_subset(&reached) {
                break;
            }
            reached.extend(further);
        }
        assert!(!reached.contains(start), "proto/peers.toml: requests that begin at {start} come back to it");
    }
}

#[test]
fn snake_case_splits_at_capitals() {
    assert_eq!(snake_case("CreateApiKey"), "create_api_key");
    assert_eq!(snake_case("Check"), "check");
}
