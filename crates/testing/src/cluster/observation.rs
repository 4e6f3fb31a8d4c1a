//! How a cluster is, as somebody sees it who did not start it.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::{ClusterConfig, Files, Member, Part, readiness};
use crate::postgres;
use crate::process::{self, Identity};

/// The number of a process of a running cluster, whoever looks after it.
pub fn process_of(config: &ClusterConfig, member: Member) -> Option<u32> {
    process::recorded(&config.folders(), &member.name()).filter(Identity::is_running).map(|identity| identity.process)
}

/// Whether a process of a running cluster says that it is healthy.
pub async fn is_healthy(config: &ClusterConfig, member: Member) -> bool {
    if member.part == Part::Postgres {
        return postgres::running(&config.postgres).is_some();
    }
    readiness::ask(&readiness::endpoint(member, &config.ports)).await.is_ok_and(|(status, _)| status == 200)
}

/// The metrics of a service's process, as Prometheus reads them.
///
/// # Errors
/// If it does not answer.
pub async fn metrics_of(config: &ClusterConfig, member: Member) -> std::io::Result<String> {
    let port = config.ports.of(member).map(|ports| ports.admin).ok_or(std::io::ErrorKind::NotFound)?;
    readiness::ask(&readiness::Endpoint { port, path: "/metrics" }).await.map(|(_, body)| body)
}

/// The newest file of permissions' index, from which its processes would start now, and when it was written.
pub fn newest_snapshot(config: &ClusterConfig) -> Option<(PathBuf, OffsetDateTime)> {
    let files = std::fs::read_dir(Files::of(&config.state).snapshots()).ok()?.filter_map(|file| {
        let file = file.ok()?;
        let written = file.metadata().ok()?.modified().ok()?;
        // One that is still being written has another ending.
        (file.path().extension()? == "graph").then(|| (file.path(), written.into()))
    });
    files.max_by_key(|(_, written)| *written)
}

/// Where a process of a cluster is reached.
pub fn whereabouts(config: &ClusterConfig, member: Member) -> String {
    let ports = &config.ports;
    match member.part {
        Part::Postgres => config.postgres.display().to_string(),
        Part::Identity | Part::Permissions | Part::Gate => ports.of(member).map_or_else(String::new, |ports| {
            format!("https://127.0.0.1:{}, metrics at http://127.0.0.1:{}", ports.contract, ports.admin)
        }),
        Part::Documents => format!("http://127.0.0.1:{}", ports.documents),
        Part::Envoy => {
            format!("https://localhost:{}, administration at http://127.0.0.1:{}", ports.gateway, ports.gateway_admin)
        }
    }
}
