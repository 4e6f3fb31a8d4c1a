//! A pod goes without a word, and others take over.

use std::time::{Duration, Instant};

use crate::chart::shared;
use crate::job::{ask, settle};

/// Within so long everybody is answered again as before.
const RECOVERED_WITHIN: Duration = Duration::from_secs(15);

/// So many calls in a row have met every process.
const IN_A_ROW: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a node: `cargo xtask kube test`"]
async fn after_a_pod_of_any_service_was_killed_the_others_take_over() {
    let chart = shared().await;
    settle(&chart).await;
    for component in ["permissions", "identity", "gate"] {
        let pod = chart.pods(component).remove(0);
        chart.kubectl(&["delete", "pod", &pod, "--grace-period=0", "--force", "--wait=false"]);
        let began = Instant::now();
        let mut connection = chart.connect().await;
        let mut right = 0;
        while right < IN_A_ROW {
            let (status, reason) =
                ask(&chart, &mut connection, Some("alice"), "GET", "/v1/documents/roadmap", None).await;
            // Nobody is ever denied for good because a process is gone, and nobody is let in for it.
            assert!(status == 200 || status == 503, "{component} was killed: {status}, {reason}");
            right = if status == 200 { right + 1 } else { 0 };
            assert!(began.elapsed() < RECOVERED_WITHIN, "{component} was killed: still {status}, {reason}");
        }
        println!("{component}: {IN_A_ROW} right answers in a row {:?} after the kill", began.elapsed());
        chart.wait_for_rollout(component);
    }
}
