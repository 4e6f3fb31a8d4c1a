//! Which crate may use which: the arrows between ours.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::none_of;
use crate::tree::read;

/// Each crate with those of ours that it may use; and those that its tests may use besides.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("benches/engine", &["graph", "worlds"], &[]),
    ("benches/gate", &["bench-engine", "bench-machine", "chassis", "contract", "graph", "testing"], &[]),
    ("benches/gateway", &["bench-machine", "testing"], &[]),
    ("benches/identity", &["bench-machine", "contract", "testing"], &[]),
    ("benches/machine", &[], &[]),
    ("benches/permissions", &["bench-engine", "bench-machine", "chassis", "contract", "graph", "testing"], &[]),
    ("crates/graph", &[], &["worlds"]),
    ("crates/contract", &[], &[]),
    ("crates/assertion", &["contract"], &[]),
    ("crates/chassis", &["assertion", "contract"], &["testing"]),
    ("crates/cli", &["contract", "graph"], &[]),
    ("crates/testing", &["assertion", "chassis", "cli", "contract"], &[]),
    ("crates/worlds", &["graph"], &[]),
    ("services/gate", &["assertion", "chassis", "contract"], &["testing"]),
    ("services/identity", &["assertion", "chassis", "contract"], &["testing"]),
    ("services/permissions", &["assertion", "chassis", "contract", "graph"], &["testing"]),
    ("examples/documents", &["assertion", "contract"], &["testing"]),
    ("e2e", &["assertion", "contract", "graph", "testing"], &["permissions", "worlds"]),
    // Neither the chassis nor a service: it must build while their queries are not yet described.
    ("xtask", &["contract", "testing"], &[]),
];

#[test]
fn crates_use_only_those_that_they_may() {
    let workspace: Table = read("Cargo.toml").parse().unwrap();
    let members: BTreeSet<&str> =
        workspace["workspace"]["members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(path, ..)| *path).collect();
    assert_eq!(members, known, "every member of the workspace needs a line in the table of arrows, and only they");

    let manifests: BTreeMap<&str, Table> =
        ARROWS.iter().map(|(path, ..)| (*path, read(&format!("{path}/Cargo.toml")).parse().unwrap())).collect();
    let ours: BTreeSet<&str> = manifests.values().filter_map(|manifest| manifest["package"]["name"].as_str()).collect();
    let mut violations = Vec::new();
    for (path, may_use, tests_may_use) in ARROWS {
        for (section, may_use) in
            [("dependencies", vec![*may_use]), ("dev-dependencies", vec![*may_use, *tests_may_use])]
        {
            let may_use = may_use.concat();
            let used = manifests[path].get(section).and_then(Value::as_table);
            for name in used.into_iter().flat_map(Table::keys).filter(|name| ours.contains(name.as_str())) {
                if !may_use.contains(&name.as_str()) {
                    violations.push(format!("{path}: may not use {name} ({section})"));
                }
            }
        }
    }
    none_of(violations);
}

#[test]
fn the_build_tool_leaves_out_what_needs_described_queries() {
    let manifest: Table = read("xtask/Cargo.toml").parse().unwrap();
    let testing = &manifest["dependencies"]["testing"];
    assert_eq!(
        testing.get("default-features").and_then(Value::as_bool),
        Some(false),
        "xtask must not build the chassis"
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut violations = Vec::new();
    for (path, ..) in ARROWS {
        let manifest: Table = read(&format!("{path}/Cargo.toml")).parse().unwrap();
        let lints = manifest.get("lints").and_then(Value::as_table);
        let inherits = lints.is_some_and(|lints| lints.get("workspace").and_then(Value::as_bool) == Some(true));
        // Generated code cannot be held to all of them, so its crate has a list of its own.
        let has_own = *path == "crates/contract" && lints.is_some();
        if !inherits && !has_own {
            violations.push(format!("{path}/Cargo.toml: [lints] workspace = true is missing"));
        }
    }
    none_of(violations);
}
