//! What is wrong is said: by helm before anything is made, or by a pod in its first words.

use std::time::{Duration, Instant};

use testing::kubernetes::Node;

use crate::chart::{Chart, RELEASE, shared, values};

/// Within so long a pod that cannot start has said why.
const SAID_WITHIN: Duration = Duration::from_secs(60);

/// What helm says of the chart with further values, which it must refuse.
fn refusal(further: &[&str]) -> String {
    let values = values();
    let whole = ["install", "refused"].into_iter().chain(values.iter().map(String::as_str));
    let told = whole
        .chain(["--namespace", "refused", "--create-namespace", "--dry-run=server"])
        .chain(further.iter().copied());
    match Node::here().helm(told) {
        Ok(_) => panic!("helm takes {further:?}"),
        Err(error) => error.with_causes(),
    }
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn wrong_values_are_refused_before_anything_is_made() {
    for (further, said) in [
        (vec!["--set=gate.replica=3"], "replica"),
        (vec!["--set=gate.replicas=many"], "replicas"),
        (vec!["--set=gate.config.server.drain_delay=5"], "drain_delay"),
        (vec!["--set=environment=production"], "is for trying out, and environment is production"),
        (vec!["--set=gateway.url=http://localhost"], "gateway.url"),
        (vec!["--set=postgres.source=external"], "postgres.external.host is missing"),
    ] {
        let refusal = refusal(&further);
        assert!(refusal.contains(said), "{further:?}: {refusal}");
    }
}

/// Changes a deployment of the release, and sees to it that its new pod says what is expected while the old ones serve on; then takes the
/// change back.
fn words_of_a_broken_pod(chart: &Chart, component: &str, patch: &[&str], expected: &str) {
    let before = chart.pods(component);
    let deployment = format!("deployment/bailiwick-{component}");
    chart.kubectl(&[&["patch", deployment.as_str()][..], patch].concat());
    let said = words_of_a_new_pod(chart, component, &before, expected);
    let kept = chart.pods(component).iter().filter(|pod| before.contains(pod)).count();
    chart.kubectl(&["rollout", "undo", &deployment]);
    chart.wait_for_rollout(component);
    assert!(said.contains(expected), "{component} with {patch:?} says {said:?}, not {expected:?}");
    assert_eq!(kept, before.len(), "a pod that serves is not taken away for one that does not");
    println!("{component} with {patch:?}: {said}");
}

/// The first words of a pod that was not there before, once they are as expected or it has taken too long.
fn words_of_a_new_pod(chart: &Chart, component: &str, before: &[String], expected: &str) -> String {
    let began = Instant::now();
    let mut said = String::new();
    while !said.contains(expected) && began.elapsed() < SAID_WITHIN {
        std::thread::sleep(Duration::from_millis(500));
        for pod in chart.pods(component).iter().filter(|pod| !before.contains(pod)) {
            said = first_words(chart, pod);
        }
    }
    said
}

/// The first line of a pod's log that is not about what goes well; or, if its container cannot begin, why.
fn first_words(chart: &Chart, pod: &str) -> String {
    let read = |arguments: &[&str]| {
        let whole = ["--namespace", RELEASE].into_iter().chain(arguments.iter().copied());
        chart.node.kubectl(whole).unwrap_or_default()
    };
    let log = read(&["logs", pod, "--container", component_of(pod)]);
    if let Some(line) = log.lines().find(|line| !line.contains(r#""level":"INFO""#)) {
        return line.to_owned();
    }
    let events = "--output=jsonpath={.items[*].message}";
    read(&["get", "events", &format!("--field-selector=involvedObject.name={pod}"), events])
}

/// `bailiwick-gate-5d…-x…` is a pod of gate.
fn component_of(pod: &str) -> &str {
    pod.trim_start_matches("bailiwick-").split('-').next().unwrap_or(pod)
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_pod_whose_database_is_not_there_says_so_first() {
    let chart = shared().await;
    let told = r#"[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--set=database.url=postgres://gate@10.96.255.254/gate"}]"#;
    words_of_a_broken_pod(&chart, "gate", &["--type=json", "--patch", told], "the database cannot be");
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_pod_whose_configuration_is_wrong_says_what_is_first() {
    let chart = shared().await;
    let told =
        r#"[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--set=server.drain_seconds=1"}]"#;
    words_of_a_broken_pod(&chart, "identity", &["--type=json", "--patch", told], "drain_seconds");
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_pod_whose_secret_is_missing_says_which() {
    let chart = shared().await;
    let told = r#"{"spec":{"template":{"spec":{"volumes":[{"name":"secrets","secret":{"secretName":"not-there"}}]}}}}"#;
    words_of_a_broken_pod(&chart, "permissions", &["--patch", told], r#"secret "not-there" not found"#);
}

/// Has the bundled PostgreSQL do something to a service's database.
fn sql(chart: &Chart, database: &str, statement: &str) {
    let psql =
        format!("PGPASSWORD=$(cat /passwords/postgres) psql -h 127.0.0.1 -U postgres -c \"{statement}\" {database}");
    chart.kubectl(&["exec", "bailiwick-postgres-0", "--", "/bin/sh", "-c", &psql]);
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_pod_whose_schema_is_too_old_says_which_migration_is_missing_and_waits_for_it() {
    let chart = shared().await;
    let before = chart.pods("gate");
    sql(&chart, "gate", "UPDATE _sqlx_migrations SET success = false WHERE version = 2");
    chart.kubectl(&["delete", "pod", &before[0], "--wait=false"]);
    let said = words_of_a_new_pod(&chart, "gate", &before, "migration 2 (routes) was not made");
    sql(&chart, "gate", "UPDATE _sqlx_migrations SET success = true WHERE version = 2");
    chart.wait_for_rollout("gate");
    assert!(said.contains("migration 2 (routes) was not made; run `bailiwick-gate migrate`"), "{said:?}");
}
