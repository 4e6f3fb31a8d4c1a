//! The ports of a cluster, and who holds one that is taken.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::cluster::{Member, Part, SERVICES};
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
    /// Of the services' second processes, and of those after them.
    pub further: Vec<ReplicaPorts>,
}

/// The ports of one more process of each service that may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplicaPorts {
    /// identity's.
    pub identity: ServicePorts,
    /// permissions'.
    pub permissions: ServicePorts,
    /// gate's.
    pub gate: ServicePorts,
}

/// The ports of one process of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePorts {
    /// For its contract.
    pub contract: u16,
    /// For its metrics and its health.
    pub admin: u16,
}

/// The most processes of one service: there are ports for so many.
pub const REPLICAS_MAX: u8 = 4;

impl Ports {
    /// How many ports from the first on a cluster takes for itself.
    pub const SPAN: u16 = 100;

    /// The ports from `base` on, for so many processes of each service.
    ///
    /// # Errors
    /// If there are not enough ports after `base`, or for so many processes.
    pub fn from_base(base: u16, replicas: u8) -> Result<Self> {
        if !(1024..=u16::MAX - Self::SPAN).contains(&base) {
            return Err(Error::new(format!(
                "the first port must be from 1024 to {}, not {base}",
                u16::MAX - Self::SPAN
            )));
        }
        // The second, third and fourth processes of the services: from 11, 21, 31 on, and from 71, 81, 91 on.
        let further = |replica: u8| {
            let ten = base + 10 * (u16::from(replica) - 2);
            let ports = |service: u16| ServicePorts { contract: ten + 10 + service, admin: ten + 70 + service };
            ReplicaPorts { identity: ports(1), permissions: ports(2), gate: ports(3) }
        };
        check_replicas(replicas)?;
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
            further: (2..=replicas).map(further).collect(),
        })
    }

    /// Ports that are free now, for a test with so many processes of each service.
    ///
    /// # Errors
    /// If there are none.
    pub fn free(replicas: u8) -> Result<Self> {
        check_replicas(replicas)?;
        let mut held = Vec::new();
        let mut port = || {
            let candidates = std::iter::repeat_with(next_candidate).take(CANDIDATES.len());
            let bound = candidates.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).next();
            let listener = bound.ok_or_else(|| Error::new("no port of those for tests is free".to_owned()))?;
            let port = listener.local_addr().doing(|| "find a free port".to_owned())?.port();
            // Held until all are chosen, so that none is chosen twice.
            held.push(listener);
            Ok::<u16, Error>(port)
        };
        let mut further = Vec::new();
        for _ in 2..=replicas {
            let mut ports = || Ok::<_, Error>(ServicePorts { contract: port()?, admin: port()? });
            further.push(ReplicaPorts { identity: ports()?, permissions: ports()?, gate: ports()? });
        }
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
            further,
        })
    }

    /// How many processes of each service there are ports for.
    pub fn replicas(&self) -> u8 {
        u8::try_from(self.further.len() + 1).unwrap_or(REPLICAS_MAX)
    }

    /// The ports of a service's process, if there is one with this number; none for what is no service.
    pub fn of(&self, member: Member) -> Option<ServicePorts> {
        let first = match member.part {
            Part::Identity => ServicePorts { contract: self.identity, admin: self.identity_admin },
            Part::Permissions => ServicePorts { contract: self.permissions, admin: self.permissions_admin },
            Part::Gate => ServicePorts { contract: self.gate, admin: self.gate_admin },
            Part::Postgres | Part::Documents | Part::Envoy => return None,
        };
        if member.replica <= 1 {
            return Some(first);
        }
        let further = self.further.get(usize::from(member.replica) - 2)?;
        match member.part {
            Part::Identity => Some(further.identity),
            Part::Permissions => Some(further.permissions),
            Part::Gate => Some(further.gate),
            Part::Postgres | Part::Documents | Part::Envoy => None,
        }
    }

    /// Where the processes of a service answer, by their numbers.
    pub fn contracts(&self, service: Part) -> Vec<u16> {
        let members = (1..=self.replicas()).filter_map(|replica| self.of(service.replica(replica)));
        members.map(|ports| ports.contract).collect()
    }

    /// Every port with what it is for.
    pub fn all(&self) -> Vec<(String, u16)> {
        let mut all = vec![
            ("the gateway".to_owned(), self.gateway),
            ("Envoy's administration".to_owned(), self.gateway_admin),
            ("the example upstream".to_owned(), self.documents),
        ];
        for replica in 1..=self.replicas() {
            for member in SERVICES.map(|service| service.replica(replica)) {
                if let Some(ports) = self.of(member) {
                    all.push((member.name(), ports.contract));
                    all.push((format!("the metrics of {}", member.name()), ports.admin));
                }
            }
        }
        all
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

/// Where tests look for free ports: below those that the system gives to connections, any of which may take a port between its
/// being found and its being listened on.
const CANDIDATES: Range<u16> = 20_000..32_000;

/// The next port to look at: not again for a while in this process, and another than the other programs' that run beside it.
fn next_candidate() -> u16 {
    static LOOKED_AT: AtomicU32 = AtomicU32::new(0);
    let from = std::process::id().wrapping_mul(211);
    let place = from.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed)) as usize % CANDIDATES.len();
    CANDIDATES.start + u16::try_from(place).expect("there are fewer than 65,536")
}

fn check_replicas(replicas: u8) -> Result<()> {
    if (1..=REPLICAS_MAX).contains(&replicas) {
        return Ok(());
    }
    Err(Error::new(format!("there must be from 1 to {REPLICAS_MAX} replicas, not {replicas}")))
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
        let mut ports = Ports::free(1).unwrap();
        ports.check_free().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        ports.gate = listener.local_addr().unwrap().port();
        let message = ports.check_free().unwrap_err().to_string();
        assert!(message.contains(&ports.gate.to_string()) && message.contains("gate"), "{message}");
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    }

    #[test]
    fn two_checkouts_a_span_apart_share_no_port() {
        let first = Ports::from_base(8400, REPLICAS_MAX).unwrap().all();
        let second = Ports::from_base(8400 + Ports::SPAN, REPLICAS_MAX).unwrap().all();
        assert!(first.iter().all(|(_, port)| second.iter().all(|(_, other)| other != port)));
        assert!(Ports::from_base(80, 1).is_err() && Ports::from_base(65500, 1).is_err());
    }

    #[test]
    fn every_replica_has_ports_of_its_own_and_more_than_the_most_are_refused() {
        let mut ports: Vec<u16> =
            Ports::from_base(8400, REPLICAS_MAX).unwrap().all().into_iter().map(|(_, port)| port).collect();
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!((ports.len(), count), (count, 3 + 2 * SERVICES.len() * usize::from(REPLICAS_MAX)));
        for replicas in [0, REPLICAS_MAX + 1] {
            let message = Ports::from_base(8400, replicas).unwrap_err().to_string();
            assert!(message.contains("from 1 to 4 replicas"), "{message}");
        }
    }
}
