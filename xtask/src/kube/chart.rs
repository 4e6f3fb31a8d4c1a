//! The chart in the node: installed, and found from outside of it.

use std::net::SocketAddr;
use std::path::PathBuf;

use testing::kubernetes::Node;
use testing::place;
use testing::sample::{self, Keys};

use crate::error::{Error, Result};
use crate::local::{Door, demonstration};
use crate::shell;
use crate::tree;

/// The release's name, and its namespace's.
pub(super) const RELEASE: &str = "bailiwick";

/// Installs the chart with everything for trying out, and waits until all of it is ready.
pub(super) fn install(node: &Node) -> Result<()> {
    let chart = tree::root().join("helm/bailiwick");
    let values = tree::root().join("deploy/environments/development.yaml");
    let (chart, values) = (chart.to_string_lossy(), values.to_string_lossy());
    node.helm([
        "install",
        RELEASE,
        &chart,
        "--namespace",
        RELEASE,
        "--create-namespace",
        "--values",
        &values,
        "--wait",
        "--timeout=300s",
    ])?;
    Ok(())
}

/// Loads the sample through the gateway, and does the main job. Runs in the node's network.
pub(super) async fn show() -> Result<()> {
    let node = Node::here();
    let door = door(&node)?;
    let secret = node.state().join("bootstrap-secret");
    place::write_private(&secret, secret_value(&node, "bailiwick-identity", "bootstrap-secret")?.as_bytes())?;
    let began = std::time::Instant::now();
    sample::load(&door.gateway("localhost")?, &secret, &door.keys).await?;
    shell::done("the sample is loaded", began.elapsed());
    demonstration::run(&door).await
}

/// The gateway's service, as the node's network knows it.
fn door(node: &Node) -> Result<Door> {
    let service = ["--namespace", RELEASE, "get", "service", "bailiwick-gateway"];
    let address =
        node.kubectl(service.into_iter().chain(["--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}"]))?;
    let address: SocketAddr =
        address.parse().map_err(|_| Error::new(format!("the gateway's service is at `{address}`")))?;
    let authority: PathBuf = node.state().join("gateway-ca.pem");
    place::write_private(&authority, secret_value(node, "bailiwick-ca", "ca.crt")?.as_bytes())?;
    let keys = node.state().join("keys");
    place::create_private_folder(&keys)?;
    Ok(Door { address, authority, keys: Keys::of(&keys) })
}

fn secret_value(node: &Node, secret: &str, key: &str) -> Result<String> {
    let template = format!("--output=go-template={{{{index .data \"{key}\" | base64decode}}}}");
    Ok(node.kubectl(["--namespace", RELEASE, "get", "secret", secret, &template])?)
}
