//! The chart, installed once for all stories that leave it as they found it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use http::Version;
use testing::http::Connection;
use testing::kubernetes::Node;
use testing::place;
use testing::sample::{self, Gateway, Keys};

/// The release's name, and its namespace's.
pub(crate) const RELEASE: &str = "bailiwick";

/// The host of the example upstream.
const DOCUMENTS: &str = "documents.localhost";

/// Within so long the chart is ready on an empty node, from images at hand.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long what has just begun may be out of reach: rules of services and of policies follow pods.
const REACHED_WITHIN: Duration = Duration::from_secs(20);

/// A release that runs, with the sample in it.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) node: Node,
    pub(crate) keys: Keys,
    address: SocketAddr,
    authority: PathBuf,
    installed_within: Duration,
}

/// The release that stories share; installed by the first of them.
pub(crate) async fn shared() -> Chart {
    static SHARED: OnceLock<Chart> = OnceLock::new();
    if let Some(chart) = SHARED.get() {
        return chart.clone();
    }
    let chart = Chart::install().await;
    SHARED.get_or_init(|| chart).clone()
}

/// The arguments of helm that name the chart and the values of the stories.
pub(crate) fn values() -> [String; 5] {
    let file = |path: &str| place::checkout().join(path).to_string_lossy().into_owned();
    [
        file("helm/bailiwick"),
        "--values".to_owned(),
        file("deploy/environments/development.yaml"),
        "--values".to_owned(),
        file("e2e/tests/kubernetes/values.yaml"),
    ]
}

impl Chart {
    async fn install() -> Self {
        let node = Node::here();
        let began = Instant::now();
        helm(&node, &["install", RELEASE, "--namespace", RELEASE, "--create-namespace", "--wait", "--timeout=180s"]);
        let installed_within = began.elapsed();
        let folder = node.state().join("stories");
        place::create_private_folder(&folder).unwrap();
        let file = |name: &str, content: String| {
            let path = folder.join(name);
            place::write_private(&path, content.as_bytes()).unwrap();
            path
        };
        let service = "--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}";
        let address = kubectl(&node, &["get", "service", "bailiwick-gateway", service]);
        let chart = Self {
            address: address.parse().unwrap(),
            authority: file("ca.pem", secret(&node, "bailiwick-ca", "ca.crt")),
            keys: Keys::of(&folder),
            installed_within,
            node,
        };
        let bootstrap = file("bootstrap-secret", secret(&chart.node, "bailiwick-identity", "bootstrap-secret"));
        sample::load(&chart.gateway("localhost"), &bootstrap, &chart.keys).await.unwrap();
        chart
    }

    /// The gateway, as the generated clients see it.
    pub(crate) fn gateway(&self, host: &str) -> Gateway {
        Gateway::at(self.address, host, &self.authority).unwrap()
    }

    /// A connection to the example upstream through the gateway.
    pub(crate) async fn connect(&self) -> Connection {
        let began = Instant::now();
        loop {
            match Connection::open_at(self.address, DOCUMENTS, Version::HTTP_2, &self.authority).await {
                Ok(connection) => return connection,
                Err(error) if began.elapsed() > REACHED_WITHIN => panic!("{}", error.with_causes()),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Runs kubectl in the release's namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&self.node, arguments)
    }

    /// The names of the pods of a part of the release that are not about to go.
    pub(crate) fn pods(&self, component: &str) -> Vec<String> {
        let selector = format!("--selector=app.kubernetes.io/component={component}");
        let template = "--output=go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}";
        self.kubectl(&["get", "pods", &selector, template]).split_whitespace().map(str::to_owned).collect()
    }

    /// Waits until a deployment is as it was last told to be.
    pub(crate) fn wait_for_rollout(&self, component: &str) {
        let deployment = format!("deployment/bailiwick-{component}");
        self.kubectl(&["rollout", "status", &deployment, "--timeout=300s"]);
    }
}

/// Runs helm on the chart with the values of the stories, and further arguments.
pub(crate) fn helm(node: &Node, arguments: &[&str]) -> String {
    let (verb, further) = arguments.split_at(2);
    let values = values();
    let whole = verb.iter().copied().chain(values.iter().map(String::as_str)).chain(further.iter().copied());
    node.helm(whole).unwrap()
}

pub(crate) fn kubectl(node: &Node, arguments: &[&str]) -> String {
    node.kubectl(["--namespace", RELEASE].into_iter().chain(arguments.iter().copied())).unwrap()
}

fn secret(node: &Node, name: &str, key: &str) -> String {
    let template = format!("--output=go-template={{{{index .data \"{key}\" | base64decode}}}}");
    kubectl(node, &["get", "secret", name, &template])
}

#[tokio::test]
#[ignore = "a node: `cargo xtask kube test`"]
async fn the_chart_is_ready_within_a_minute() {
    let chart = shared().await;
    println!("installed and ready within {:?}", chart.installed_within);
    assert!(chart.installed_within < READY_WITHIN, "{:?}", chart.installed_within);
}
