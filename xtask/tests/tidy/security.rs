//! What the documents of security claim is held by tests that there are, and every error that the public sees has its page.

use std::collections::BTreeSet;

use toml::Table;

use crate::none_of;
use crate::tree::{read, root, rust_files};

const DOCUMENTS: &[&str] = &["docs/security/asvs.md", "docs/security/threat-model.md"];

/// A name of so many words is a test's: names of other things are shorter.
const WORDS_MIN: usize = 5;

/// Where the pages of errors lie, and the one that lists them.
const PAGES: &str = "docs/reference/errors";
const INDEX: &str = "README.md";

fn is_test_name(text: &str) -> bool {
    let is_name = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_name && text.split('_').count() >= WORDS_MIN
}

#[test]
fn the_documents_of_security_name_tests_that_there_are() {
    let files = rust_files();
    let written: BTreeSet<&str> = files
        .iter()
        .flat_map(|file| file.text.lines())
        .filter_map(|line| Some(line.split_once("fn ")?.1.split_once('(')?.0))
        .collect();
    let mut violations = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|word| is_test_name(word)).collect();
        assert!(named.len() > 20, "{document} names {} tests", named.len());
        let missing = named.into_iter().filter(|name| !written.contains(name));
        violations.extend(missing.map(|name| format!("{document}: there is no test {name}")));
    }
    none_of(violations);
}

#[test]
fn every_public_reason_has_its_page_and_every_page_its_reason() {
    let reasons: Table = read("proto/reasons.toml").parse().unwrap();
    let reasons: BTreeSet<String> = reasons.keys().map(|reason| format!("{reason}.md")).collect();
    let pages = std::fs::read_dir(root().join(PAGES)).unwrap();
    let pages: BTreeSet<String> = pages
        .map(|page| page.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|page| page != INDEX)
        .collect();
    let missing = reasons.difference(&pages).map(|page| format!("{PAGES}/{page} is missing"));
    let left_over = pages.difference(&reasons).map(|page| format!("{PAGES}/{page}: there is no such reason"));
    none_of(missing.chain(left_over).collect());
}
