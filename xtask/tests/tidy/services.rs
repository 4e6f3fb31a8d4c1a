//! All services have one shape, and in each what decides does no I/O.

use std::fs;

use crate::none_of;
use crate::tree::{SERVICES, exists, root, rust_files};

/// What every service has; `a|b` for either.
const SHAPE: &[&str] = &[
    "README.md",
    "migrations",
    "sqlx.toml",
    "src/main.rs",
    "src/lib.rs",
    "src/config.rs",
    "src/error.rs",
    "src/grpc.rs",
    "src/grpc",
    "src/domain.rs|src/domain",
    "src/store.rs",
    "tests/it/main.rs",
];

/// What only a layer around the domain may use.
const OUTSIDE_OF_DOMAIN: &[&str] = &["tonic", "prost", "sqlx", "tokio"];

/// The longest `main.rs`: it hands the service to the chassis.
const MAIN_LINES_MAX: usize = 20;

#[test]
fn every_folder_of_services_is_a_service_that_the_rules_know() {
    let mut found: Vec<String> = fs::read_dir(root().join("services"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, SERVICES, "add the service to the rules");
}

#[test]
fn all_services_have_one_shape() {
    let mut violations = Vec::new();
    for service in SERVICES {
        for wanted in SHAPE {
            if !wanted.split('|').any(|path| exists(&format!("services/{service}/{path}"))) {
                violations.push(format!("services/{service}: has no {}", wanted.replace('|', " or ")));
            }
        }
        let lines = fs::read_to_string(root().join(format!("services/{service}/src/main.rs")))
            .map_or(0, |text| text.lines().count());
        if lines > MAIN_LINES_MAX {
            violations
                .push(format!("services/{service}/src/main.rs: {lines} lines, and {MAIN_LINES_MAX} are the most"));
        }
    }
    none_of(violations);
}

#[test]
fn every_readme_says_what_the_service_owns_never_does_and_calls() {
    let mut violations = Vec::new();
    for service in SERVICES {
        let path = format!("services/{service}/README.md");
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default().to_lowercase();
        for word in ["owns", "never does", "calls"] {
            if !text.contains(word) {
                violations.push(format!("{path}: does not say what the service {word}"));
            }
        }
    }
    none_of(violations);
}

#[test]
fn domains_do_no_io() {
    let mut violations = Vec::new();
    let mut looked_at = 0;
    for file in rust_files() {
        let in_domain = file.path.contains("/src/domain/") || file.path.ends_with("/src/domain.rs");
        if !in_domain || !file.path.starts_with("services/") {
            continue;
        }
        looked_at += 1;
        for driver in OUTSIDE_OF_DOMAIN {
            if file.text.contains(&format!("{driver}::")) {
                violations.push(format!("{}: uses {driver}, which is for the layers around the domain", file.path));
            }
        }
    }
    assert!(looked_at >= SERVICES.len(), "only {looked_at} files of domains were found");
    none_of(violations);
}

#[test]
fn sql_stays_in_the_store() {
    let mut violations = Vec::new();
    for file in rust_files() {
        let Some(inside) =
            file.path.strip_prefix("services/").and_then(|path| path.split_once("/src/")).map(|(_, path)| path)
        else {
            continue;
        };
        let in_store = inside == "store.rs" || inside.starts_with("store/");
        for (index, line) in file.text.lines().enumerate().filter(|(_, line)| line.contains("sqlx::")) {
            // An error may be made of the driver's, and the migrations have to be handed to the chassis.
            let is_exempt = (inside == "error.rs" && line.contains("sqlx::Error"))
                || (inside == "lib.rs" && line.contains("migrat"));
            if !in_store && !is_exempt {
                violations.push(format!(
                    "{}:{}: only src/store.rs and src/store/ speak to the database",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    none_of(violations);
}
