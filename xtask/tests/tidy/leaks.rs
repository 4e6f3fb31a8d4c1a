//! What must not stand in the tree: where one machine keeps its files, hosts of registries, secrets.

use crate::none_of;
use crate::tree::files;

/// In two halves each, so that this file does not find itself.
const HOSTS: &[(&str, &str)] = &[
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npmjs", ".org"),
    ("proxy.golang", ".org"),
    ("repo.maven", ".apache.org"),
    ("repo1.maven", ".org"),
    ("deb.debian", ".org"),
];

/// The homes of people and of root.
const HOMES: &[(&str, &str)] = &[("/home", "/"), ("/root", "/"), ("/Users", "/")];

/// The shortest line that could be part of a key.
const KEY_LINE_CHARACTERS_MIN: usize = 40;

#[test]
fn no_host_of_a_registry_and_no_home_is_named() {
    let mut violations = Vec::new();
    for file in files() {
        // Cargo writes the registry into its lock file.
        if file.path == "Cargo.lock" || file.path.ends_with("/Cargo.lock") {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            for (first, second) in HOSTS.iter().chain(HOMES) {
                if line.contains(&format!("{first}{second}")) {
                    violations.push(format!("{}:{}: names {first}{second}", file.path, index + 1));
                }
            }
        }
    }
    none_of(violations);
}

#[test]
fn no_private_key_is_kept() {
    let mut violations = Vec::new();
    for file in files() {
        let lines: Vec<&str> = file.text.lines().collect();
        for pair in lines.windows(2) {
            let begins = pair[0].contains("-----BEGIN") && pair[0].contains("PRIVATE KEY-----");
            let is_key = pair[1].len() >= KEY_LINE_CHARACTERS_MIN
                && pair[1].trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            if begins && is_key {
                violations.push(format!("{}: holds a private key", file.path));
            }
        }
    }
    none_of(violations);
}
