//! Releases: upgraded and taken back under load, and what is made once stays.

use std::time::Duration;

use crate::chart::{RELEASE, helm, kubectl, shared};
use crate::job::settle;
use crate::load::{Load, report};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn an_upgrade_and_its_rollback_fail_no_call_and_keep_all_keys() {
    let chart = shared().await;
    settle(&chart).await;
    let secrets = |name: &str| chart.kubectl(&["get", "secret", name, "--output=jsonpath={.data}"]);
    let before = ["bailiwick-identity", "bailiwick-permissions", "bailiwick-ca"].map(secrets);
    let load = Load::begin(&chart);
    let node = chart.node.clone();
    let done = tokio::task::spawn_blocking(move || {
        // Another limit of calls: a change of the configuration alone.
        let told = "--set=gate.config.server.drain_delay_ms=5001";
        helm(&node, &["upgrade", RELEASE, "--namespace", RELEASE, told, "--timeout=300s"]);
        kubectl(&node, &["rollout", "status", "deployment/bailiwick-gate", "--timeout=300s"]);
        let configuration = kubectl(&node, &["get", "configmap", "bailiwick-gate", "--output=jsonpath={.data}"]);
        assert!(configuration.contains("5001"), "{configuration}");
        node.helm(["rollback", RELEASE, "--namespace", RELEASE, "--timeout=300s"]).unwrap();
        kubectl(&node, &["rollout", "status", "deployment/bailiwick-gate", "--timeout=300s"]);
        let configuration = kubectl(&node, &["get", "configmap", "bailiwick-gate", "--output=jsonpath={.data}"]);
        assert!(!configuration.contains("5001"), "{configuration}");
    });
    done.await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (calls, failures) = load.end().await;
    report(calls, &failures);
    assert!(failures.is_empty(), "{} of {calls} calls failed", failures.len());
    assert_eq!(["bailiwick-identity", "bailiwick-permissions", "bailiwick-ca"].map(secrets), before);
}
