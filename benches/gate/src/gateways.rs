//! Two Envoys with the gateway's own configuration, which answer what they let pass by themselves: one asks gate, the other the
//! authorizer that allows everything.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bench_machine::{Process, Void};
use nix::sys::signal::Signal;
use serde_norway::{Mapping, Value};
use testing::process::{Folders, Supervised, wait_until};
use testing::{envoy, parts, place};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::cluster::{HOST, Own};

/// The longest that Envoy may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// An Envoy, and the authorizer if it has one of its own.
#[derive(Debug)]
pub(crate) struct Gateway {
    port: u16,
    pub(crate) process: Process,
    _envoy: Supervised,
    authorizer: Option<Supervised>,
}

impl Gateway {
    /// One that asks gate.
    pub(crate) fn asking_gate(own: &Own) -> Result<Self, Void> {
        Self::start(own, "asks-gate", own.cluster.config().ports.gate, None)
    }

    /// One whose authorizer allows everything.
    pub(crate) fn allowing_all(own: &Own) -> Result<Self, Void> {
        let (port, files) = (free_port()?, own.cluster.files());
        let shown = files.certificate("gate");
        let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        command.arg("--serve-allow-all").arg(port.to_string()).arg(shown.certificate).arg(shown.key);
        command.arg(files.authority());
        let authorizer = Supervised::start("allow-all", command, &folders(own), Signal::SIGTERM);
        Self::start(own, "allows-all", port, Some(authorizer.map_err(|error| error.with_causes())?))
    }

    fn start(own: &Own, name: &str, asks: u16, authorizer: Option<Supervised>) -> Result<Self, Void> {
        let (port, admin) = (free_port()?, free_port()?);
        let folder = own.cluster.config().state.join("configuration");
        let configuration = folder.join(format!("{name}.yaml"));
        let text = derived(&folder.join("envoy.yaml"), port, admin, asks)?;
        place::write_private(&configuration, text.as_bytes()).map_err(|error| error.with_causes())?;
        let program = parts::envoy(&mut |line| eprintln!("{line}")).map_err(|error| error.with_causes())?;
        let command = envoy::command(&program, &configuration);
        let started = Supervised::start(name, command, &folders(own), Signal::SIGTERM);
        let started = started.map_err(|error| error.with_causes())?;
        if !wait_until(READY_WITHIN, || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Err(format!("{name} does not listen:\n{}", testing::process::last_lines(&folders(own).log(name))));
        }
        let process = Process { name: format!("envoy {name}"), id: started.id() };
        Ok(Self { port, process, _envoy: started, authorizer })
    }

    /// The authorizer's own process, if it is not gate.
    pub(crate) fn authorizer(&self) -> Option<Process> {
        self.authorizer.as_ref().map(|one| Process { name: "allow-all".to_owned(), id: one.id() })
    }

    /// A connection, from an address of this machine.
    pub(crate) async fn connect(&self, own: &Own, from: Ipv4Addr) -> Result<Channel, Void> {
        let authority = own.cluster.files().authority();
        let authority = std::fs::read(&authority).map_err(|error| format!("{}: {error}", authority.display()))?;
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority)).domain_name("localhost");
        let origin = format!("https://{HOST}:{}", self.port).parse();
        let origin = origin.map_err(|error: http::uri::InvalidUri| error.to_string())?;
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{}", self.port));
        let endpoint = endpoint.and_then(|endpoint| endpoint.tls_config(tls)).map_err(|error| error.to_string())?;
        let endpoint = endpoint.origin(origin).local_address(Some(IpAddr::V4(from)));
        endpoint.connect().await.map_err(|error| format!("the gateway: {error:?}"))
    }
}

fn folders(own: &Own) -> Folders {
    let state = &own.cluster.config().state;
    Folders { logs: state.join("logs"), records: state.join("processes") }
}

fn free_port() -> Result<u16, Void> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// The gateway's configuration with other ports, another authorizer, and an answer instead of the upstream.
fn derived(gateway: &Path, port: u16, admin: u16, asks: u16) -> Result<String, Void> {
    let text = place::read_text(gateway).map_err(|error| error.with_causes())?;
    let mut root: Value = serde_norway::from_str(&text).map_err(|error| error.to_string())?;
    let missing = |what: &str| format!("the gateway's configuration has no {what}");
    put_port(&mut root["admin"], admin).ok_or_else(|| missing("admin"))?;
    let listeners = root["static_resources"]["listeners"].as_sequence_mut().ok_or_else(|| missing("listeners"))?;
    listeners.truncate(1);
    let listener = listeners.first_mut().ok_or_else(|| missing("listener"))?;
    put_port(&mut listener["address"], port).ok_or_else(|| missing("address"))?;
    let hosts = below(listener, "virtual_hosts").and_then(Value::as_sequence_mut);
    let host = hosts.into_iter().flatten().find(|host| host["name"].as_str() == Some("documents"));
    let answer = "[{ match: { prefix: / }, direct_response: { status: 200 } }]";
    host.ok_or_else(|| missing("documents"))?["routes"] = serde_norway::from_str(answer).expect("it is YAML");
    let clusters = root["static_resources"]["clusters"].as_sequence_mut();
    let gate = clusters.into_iter().flatten().find(|cluster| cluster["name"].as_str() == Some("gate"));
    put_port(&mut gate.ok_or_else(|| missing("gate"))?["load_assignment"], asks).ok_or_else(|| missing("endpoint"))?;
    serde_norway::to_string(&root).map_err(|error| error.to_string())
}

fn put_port(within: &mut Value, port: u16) -> Option<()> {
    *below(within, "port_value")? = Value::from(port);
    Some(())
}

/// The first value with this key, at any depth.
fn below<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    if value.as_mapping().is_some_and(|mapping| mapping.contains_key(key)) {
        return value.get_mut(key);
    }
    if value.is_mapping() {
        return value.as_mapping_mut().into_iter().flat_map(Mapping::values_mut).find_map(|inner| below(inner, key));
    }
    value.as_sequence_mut().into_iter().flatten().find_map(|inner| below(inner, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_with_a_key_is_found_at_any_depth() {
        let mut value: Value = serde_norway::from_str("a: [{ b: { port_value: 1 } }, { port_value: 2 }]").unwrap();
        put_port(&mut value, 7).unwrap();
        assert_eq!(value["a"][0]["b"]["port_value"].as_u64(), Some(7));
        assert_eq!(value["a"][1]["port_value"].as_u64(), Some(2));
        assert!(below(&mut value, "c").is_none());
    }
}
