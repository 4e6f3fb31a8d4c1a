//! A busy gate gets more processes, by itself.

use std::time::{Duration, Instant};

use crate::chart::{RELEASE, helm, shared};
use crate::job::settle;
use crate::load::{Load, report};

/// Within so long there are more: metrics are read every ten seconds, and looked at every five.
const SCALED_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_busy_gate_gets_more_processes_and_no_call_fails_by_it() {
    let chart = shared().await;
    settle(&chart).await;
    let told = "--set=gate.autoscaling.enabled=true,gate.autoscaling.min=2,gate.autoscaling.max=3,gate.autoscaling.cpuPercent=50";
    helm(&chart.node, &["upgrade", RELEASE, "--namespace", RELEASE, told]);
    let load = Load::begin(&chart);
    let began = Instant::now();
    let ready = || chart.kubectl(&["get", "deployment", "bailiwick-gate", "--output=jsonpath={.status.readyReplicas}"]);
    while ready() != "3" && began.elapsed() < SCALED_WITHIN {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (processes, took) = (ready(), began.elapsed());
    let (calls, failures) = load.end().await;
    report(calls, &failures);
    println!("{processes} processes of gate after {took:?}");
    chart.node.helm(["rollback", RELEASE, "--namespace", RELEASE]).unwrap();
    chart.kubectl(&["scale", "deployment/bailiwick-gate", "--replicas=2"]);
    assert_eq!(processes, "3", "{}", chart.kubectl(&["describe", "hpa"]));
    assert!(failures.is_empty(), "{} of {calls} calls failed", failures.len());
}
