//! All processes of all services are replaced, a part of each at a time, and no call fails.

use std::time::{Duration, Instant};

use testing::kubernetes::Node;

use crate::chart::{RELEASE, helm, kubectl, shared};
use crate::job::settle;
use crate::load::{Load, report};

/// So many calls at least.
const CALLS_MIN: usize = 10_000;

/// How long calls run before the first process is replaced and after the last.
const PAUSE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn a_rolling_update_of_all_services_fails_no_call() {
    let chart = shared().await;
    settle(&chart).await;
    let load = Load::begin(&chart);
    tokio::time::sleep(PAUSE).await;
    let began = Instant::now();
    let node = chart.node.clone();
    let rolled = tokio::task::spawn_blocking(move || {
        // A change of the configuration of all three, and of nothing else.
        let arguments =
            ["upgrade", RELEASE, "--namespace", RELEASE, "--set=config.server.drain_delay_ms=5002", "--timeout=300s"];
        helm(&node, &arguments);
        wait_for_rollouts(&node);
    });
    rolled.await.unwrap();
    println!("all processes were replaced within {:?}", began.elapsed());
    tokio::time::sleep(PAUSE).await;
    while load.calls() < CALLS_MIN {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (calls, failures) = load.end().await;
    report(calls, &failures);
    assert!(failures.is_empty(), "{} of {calls} calls failed", failures.len());
}

fn wait_for_rollouts(node: &Node) {
    for component in ["identity", "permissions", "gate"] {
        let deployment = format!("deployment/bailiwick-{component}");
        kubectl(node, &["rollout", "status", &deployment, "--timeout=300s"]);
    }
}
