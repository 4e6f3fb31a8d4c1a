//! The ports of a cluster, and who holds one that is taken.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

use crate::error::{Doing, Error, Result};
use crate::process;

/// The ports of one cluster, all on loopback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Envoy, for everyone.
    pub gateway: u16,
    /// Envoy's administration.
    pub gateway_admin: u16,
    /// identity's contract.
    pub identity: u16,
    /// identity's metrics and health.
    pub identity_admin: u16,
    /// permissions' contract.
    pub permissions: u16,
    /// permissions' metrics and health.
    pub permissions_admin: u16,
    /// gate's contract.
    pub gate: u16,
    /// gate's metrics and health.
    pub gate_admin: u16,
    /// The example upstream.
    pub documents: u16,
}

impl Ports {
    /// How many ports from the first on a cluster takes for itself.
    pub const SPAN: u16 = 100;

    /// The ports from `base` on.
    ///
    /// # Errors
    /// If there are not enough ports after `base`.
    pub fn from_base(base: u16) -> Result<Self> {
        if !(1024..=u16::MAX - Self::SPAN).contains(&base) {
            return Err(Error::new(format!(
                "the first port must be from 1024 to {}, not {base}",
                u16::MAX - Self::SPAN
            )));
        }
        Ok(Self {
            gateway: base,
            gateway_admin: base + 1,
            identity: base + 51,
            permissions: base + 52,
            gate: base + 53,
            identity_admin: base + 61,
            permissions_admin: base + 62,
            gate_admin: base + 63,
            documents: base + 70,
        })
    }

    /// Ports that are free now, for a test.
    ///
    /// # Errors
    /// If there are none.
    pub fn free() -> Result<Self> {
        let mut held = Vec::new();
        let mut port = || {
            // Held until all are chosen, so that none is chosen twice.
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing(|| "find a free port".to_owned())?;
            let port = listener.local_addr().doing(|| "find a free port".to_owned())?.port();
            held.push(listener);
            Ok::<u16, Error>(port)
        };
        Ok(Self {
            gateway: port()?,
            gateway_admin: port()?,
            identity: port()?,
            permissions: port()?,
            gate: port()?,
            identity_admin: port()?,
            permissions_admin: port()?,
            gate_admin: port()?,
            documents: port()?,
        })
    }

    /// Every port with what it is for.
    pub fn all(&self) -> [(&'static str, u16); 9] {
        [
            ("the gateway", self.gateway),
            ("Envoy's administration", self.gateway_admin),
            ("identity", self.identity),
            ("permissions", self.permissions),
            ("gate", self.gate),
            ("identity's metrics", self.identity_admin),
            ("permissions' metrics", self.permissions_admin),
            ("gate's metrics", self.gate_admin),
            ("the example upstream", self.documents),
        ]
    }

    /// Makes sure that all are free.
    ///
    /// # Errors
    /// If one is taken: names it, and who has it if that can be found out.
    pub fn check_free(&self) -> Result<()> {
        for (purpose, port) in self.all() {
            if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                let holder = holder(port).unwrap_or_else(|| error.to_string());
                return Err(Error::new(format!("port {port}, for {purpose}, is taken: {holder}")));
            }
        }
        Ok(())
    }
}

/// The process that listens on the port, as `PROGRAM, process ID`, as far as this user may know.
pub fn holder(port: u16) -> Option<String> {
    let socket = format!("socket:[{}]", listening_inode(port)?);
    let process = process::all_processes().into_iter().find(|process| {
        let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        files
            .into_iter()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket.as_str()))
    })?;
    let program = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(format!("{}, process {process}, listens there", program.trim()))
}

/// The inode of the socket that listens on the port, from the kernel's tables.
fn listening_inode(port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let suffix = format!(":{port:04X}");
    tables.iter().flat_map(|table| table.lines()).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(1)?.ends_with(&suffix) && fields.get(3) == Some(&LISTENS);
        listens.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_holder() {
        let mut ports = Ports::free().unwrap();
        ports.check_free().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        ports.gate = listener.local_addr().unwrap().port();
        let message = ports.check_free().unwrap_err().to_string();
        assert!(message.contains(&ports.gate.to_string()) && message.contains("gate"), "{message}");
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    }

    #[test]
    fn two_checkouts_a_span_apart_share_no_port() {
        let first = Ports::from_base(8400).unwrap().all();
        let second = Ports::from_base(8400 + Ports::SPAN).unwrap().all();
        assert!(first.iter().all(|(_, port)| second.iter().all(|(_, other)| other != port)));
        assert!(Ports::from_base(80).is_err() && Ports::from_base(65500).is_err());
    }
}
