//! What the network policies let through, asked from pods that stand where the parts of the release do.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::chart::{Chart, RELEASE, shared};

/// Policies reach a new pod within so long; until then nothing does.
const ENFORCED_WITHIN: Duration = Duration::from_secs(20);

/// Who stands where: every part, and a pod of somebody else's.
const STANDINS: &[&str] = &["identity", "permissions", "gate", "gateway", "documents", "postgres", "stranger"];

/// What listens, and at which port of its pods.
const LISTENERS: &[(&str, u16)] = &[
    ("identity", 8443),
    ("permissions", 8443),
    ("gate", 8443),
    ("gateway", 8443),
    ("documents", 8080),
    ("postgres", 5432),
    ("identity", 8081),
    ("gate", 8081),
];

/// Who may connect to what: the tables of the architecture, as people read them.
fn may_connect(who: &str, listener: &str, port: u16) -> bool {
    match (listener, port) {
        // Metrics and health: the node alone, and a Prometheus that the values name.
        (_, 8081) => false,
        ("gateway", _) => true,
        ("identity", _) => ["documents", "gate", "gateway", "permissions"].contains(&who),
        ("permissions", _) => ["gate", "gateway"].contains(&who),
        ("gate" | "documents", _) => who == "gateway",
        ("postgres", _) => ["identity", "permissions", "gate"].contains(&who),
        (other, _) => panic!("nobody said who may connect to {other}"),
    }
}

/// Whether a part may connect to anybody but names: the gateway is open to all, but not all may go there.
fn may_go_out(who: &str, listener: &str) -> bool {
    listener != "gateway" || who == "stranger"
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn only_what_the_tables_allow_is_reached() {
    let chart = shared().await;
    for who in STANDINS {
        stand_in(&chart, who);
    }
    let addresses = addresses(&chart);
    // Until the last of them is let through where it may go, rules are still on their way.
    let began = Instant::now();
    let expected = |who: &str, listener: &str, port| may_connect(who, listener, port) && may_go_out(who, listener);
    let mut differences = Vec::new();
    loop {
        differences.clear();
        for who in STANDINS {
            for (listener, port) in LISTENERS.iter().filter(|(listener, _)| listener != who) {
                let answered = dial(&chart, who, &format!("{}:{port}", addresses[*listener]));
                if answered != expected(who, listener, *port) {
                    differences
                        .push(format!("{who} → {listener}:{port} {}", if answered { "is open" } else { "is closed" }));
                }
            }
        }
        if differences.is_empty() || began.elapsed() > ENFORCED_WITHIN {
            break;
        }
    }
    for who in STANDINS {
        chart.kubectl(&["delete", "pod", &format!("stand-in-{who}"), "--grace-period=0", "--force", "--wait=false"]);
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Makes a pod with the labels of a part, which no Service sends anybody to since it never becomes ready.
fn stand_in(chart: &Chart, who: &str) {
    let mut labels = BTreeMap::from([("stand-in", who)]);
    if who != "stranger" {
        labels.extend([
            ("app.kubernetes.io/name", "bailiwick"),
            ("app.kubernetes.io/instance", RELEASE),
            ("app.kubernetes.io/component", who),
        ]);
    }
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": format!("stand-in-{who}"), "labels": labels },
        "spec": {
            "automountServiceAccountToken": false,
            "containers": [{
                "name": "pause",
                "image": "localhost/bailiwick/pause:1",
                "readinessProbe": { "exec": { "command": ["/nothing"] }, "periodSeconds": 60 },
            }],
        },
    });
    let file = chart.node.state().join("stories").join(format!("stand-in-{who}.json"));
    std::fs::write(&file, pod.to_string()).unwrap();
    chart.kubectl(&["apply", "--filename", &file.to_string_lossy()]);
    let pod = format!("pod/stand-in-{who}");
    chart.kubectl(&["wait", "--for=jsonpath={.status.phase}=Running", &pod, "--timeout=30s"]);
}

/// An address of a pod of each part.
fn addresses(chart: &Chart) -> BTreeMap<&'static str, String> {
    let address = |component: &str| {
        let pod = chart.pods(component).into_iter().find(|pod| !pod.starts_with("stand-in")).unwrap();
        chart.kubectl(&["get", "pod", &pod, "--output=jsonpath={.status.podIP}"])
    };
    LISTENERS.iter().map(|(listener, _)| (*listener, address(listener))).collect()
}

/// Whether something answers there, asked from within a pod.
fn dial(chart: &Chart, who: &str, address: &str) -> bool {
    let pod = format!("stand-in-{who}");
    let command = ["--namespace", RELEASE, "exec", &pod, "--", "/pause", "dial", address];
    chart.node.kubectl(command).is_ok()
}
