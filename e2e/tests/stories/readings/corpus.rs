//! What clients write: paths and hosts that somebody reads differently.

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;

/// How many paths are made up besides the list. A long run: `READINGS_PATHS=20000`.
const MADE_UP: usize = 120;

/// Pieces that paths are made up of.
const PIECES: &str = "/|//|\\.|\\.\\.|%2e|%2E|%2f|%5c|\\\\|;|;x=y|%3b|%252e|%252f|%00|%0a|\\?|#|%23|%3f|%|%c0%ae|%u002e|~|\\*|\
    v1|documents|handbook|roadmap|healthz|headers|%72oadmap|h%61ndbook|admin|%20|\\+|:|@|\\|";

/// Paths that have led around an authorizer somewhere, and good ones.
const KNOWN: &[&str] = &[
    "/healthz",
    "/healthz?",
    "/healthz?/../v1/documents/roadmap",
    "/v1/headers",
    "/v1/headers?a=%2e%2e%2f",
    "/v1/documents/handbook",
    "/v1/documents/h%61ndbook",
    "/v1/documents/handbook?x=/../roadmap",
    "/v1/documents/roadmap",
    "/v1/documents/%72oadmap",
    "/v1/documents/handbook/",
    "/v1/documents/handbook//",
    "/v1/documents/handbook/.",
    "/v1/documents/handbook/..",
    "/v1/documents/handbook/../roadmap",
    "/v1/documents/handbook/..%2froadmap",
    "/v1/documents/handbook/%2e%2e/roadmap",
    "/v1/documents/handbook/%2E%2E%2Froadmap",
    "/v1/documents/handbook/%252e%252e/roadmap",
    "/v1/documents/handbook\\..\\roadmap",
    "/v1/documents/handbook%5c..%5croadmap",
    "/v1/documents/handbook;/../roadmap",
    "/v1/documents/handbook/..;/roadmap",
    "/v1/documents/handbook;roadmap",
    "/v1/documents/handbook%3broadmap",
    "/v1/documents/handbook%00roadmap",
    "/v1/documents/handbook%00",
    "/v1/documents/handbook#/../roadmap",
    "/v1/documents/handbook%23",
    "/v1/documents/handbook%3froadmap",
    "/v1/documents/handbook%20",
    "/v1/documents/handbook%0d%0aX: y",
    "/v1/documents/handbook ",
    "/v1/documents/.%2e/headers",
    "/v1/documents/%c0%ae%c0%ae/roadmap",
    "/v1/documents/%uff0e%uff0e/roadmap",
    "/healthz/../v1/documents/roadmap",
    "/healthz/..;/v1/documents/roadmap",
    "/healthz%2f..%2fv1%2fdocuments%2froadmap",
    "/healthz/%2e%2e/v1/documents/roadmap",
    "/healthz\\../v1/documents/roadmap",
    "/healthz;/../v1/documents/roadmap",
    "/healthz/%5c../v1/documents/roadmap",
    "//healthz",
    "//healthz/../v1/documents/roadmap",
    "//documents.localhost/healthz",
    "///v1/documents/roadmap",
    "/./healthz",
    "/%2e/healthz",
    "/../healthz",
    "/x/../healthz",
    "/HEALTHZ",
    "/healthz%",
    "/healthz%2",
    "/healthz%zz",
    "healthz",
    "",
    "*",
    "?",
    "#",
    "http://documents.localhost/healthz",
    "http://localhost/healthz",
    "https://documents.localhost/v1/documents/handbook/../roadmap",
    "/http://documents.localhost/healthz",
];

/// The paths: those that are known, and others near to them.
pub(super) fn paths() -> Vec<String> {
    let mut runner = TestRunner::default();
    let made_up = ["(/v1/documents/handbook|/healthz|/v1)", ""]
        .map(|start| proptest::string::string_regex(&format!("{start}({PIECES}){{1,7}}")).expect("a pattern"));
    let mut paths: Vec<String> = KNOWN.iter().map(|path| (*path).to_owned()).collect();
    for index in 0..count() {
        let strategy = &made_up[index % made_up.len()];
        paths.push(strategy.new_tree(&mut runner).expect("the pattern makes text").current());
    }
    paths
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for from outside")]
fn count() -> usize {
    std::env::var("READINGS_PATHS").ok().and_then(|count| count.parse().ok()).unwrap_or(MADE_UP)
}

/// Spellings of this host and of others like it.
pub(super) fn hosts(host: &str) -> Vec<String> {
    let spellings =
        ["{}", "{}:443", "{}:8443", "{}.", "{}:", "{}:x", "{}:99999", "x@{}", "{}@x", "{},x", "{}/x", "{}#x"];
    let others = ["", "localhost", "127.0.0.1", "[::1]", "127.1", "documents.localhost.", "documents%2elocalhost"];
    spellings
        .iter()
        .map(|form| form.replace("{}", host))
        .chain([host.to_uppercase(), format!("{host} "), format!("{host}\\x"), format!("{host}?x")])
        .chain(others.map(str::to_owned))
        .collect()
}
