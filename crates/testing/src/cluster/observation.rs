//! How a cluster is, as somebody sees it who did not start it.

use super::{ClusterConfig, Part, readiness};
use crate::postgres;
use crate::process::{self, Identity};

/// The process of a part of a running cluster, whoever looks after it.
pub fn process_of(config: &ClusterConfig, part: Part) -> Option<u32> {
    process::recorded(&config.folders(), part.name()).filter(Identity::is_running).map(|identity| identity.process)
}

/// Whether a part of a running cluster says that it is healthy.
pub async fn is_healthy(config: &ClusterConfig, part: Part) -> bool {
    if part == Part::Postgres {
        return postgres::running(&config.postgres).is_some();
    }
    readiness::ask(&readiness::endpoint(part, &config.ports)).await.is_ok_and(|(status, _)| status == 200)
}

/// Where a part of a cluster is reached.
pub fn whereabouts(config: &ClusterConfig, part: Part) -> String {
    let ports = &config.ports;
    match part {
        Part::Postgres => config.postgres.display().to_string(),
        Part::Identity => {
            format!("https://127.0.0.1:{}, metrics at http://127.0.0.1:{}", ports.identity, ports.identity_admin)
        }
        Part::Permissions => {
            format!("https://127.0.0.1:{}, metrics at http://127.0.0.1:{}", ports.permissions, ports.permissions_admin)
        }
        Part::Gate => format!("https://127.0.0.1:{}, metrics at http://127.0.0.1:{}", ports.gate, ports.gate_admin),
        Part::Documents => format!("http://127.0.0.1:{}", ports.documents),
        Part::Envoy => {
            format!("https://localhost:{}, administration at http://127.0.0.1:{}", ports.gateway, ports.gateway_admin)
        }
    }
}
