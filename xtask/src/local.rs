//! The cluster of this checkout: where its state is, which ports it has, and which process looks after it.

pub(crate) mod demonstration;
pub(crate) mod down;
pub(crate) mod environment;
pub(crate) mod logs;
pub(crate) mod observe;
pub(crate) mod status;
pub(crate) mod supervisor;
pub(crate) mod up;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use testing::cluster::{Files, LogFormat};
use testing::postgres::Durability;
use testing::process::Identity;
use testing::sample::{Gateway, Keys};
use testing::{ClusterConfig, Ports, place};

use crate::error::{Error, Result};

/// The first of the ports, unless the state or a flag says otherwise.
pub(crate) const PORT_BASE: u16 = 8400;

/// What `up` was last told, and goes by when it is told nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) port_base: u16,
    pub(crate) release: bool,
    pub(crate) log_format: LogFormat,
    /// How many processes each service has.
    #[serde(default = "one")]
    pub(crate) replicas: u8,
    /// Whether everything is traced and shown on a page.
    #[serde(default)]
    pub(crate) observe: bool,
}

fn one() -> u8 {
    1
}

/// The process that looks after the cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Supervisor {
    pub(crate) identity: Identity,
    /// Whether everything was healthy once.
    pub(crate) is_ready: bool,
    /// What it was started with.
    pub(crate) settings: Settings,
}

/// The state of this checkout, in `.bailiwick/`.
#[derive(Clone, Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

impl State {
    pub(crate) fn open() -> Self {
        Self { folder: place::state_folder() }
    }

    pub(crate) fn folder(&self) -> &PathBuf {
        &self.folder
    }

    pub(crate) fn files(&self) -> Files {
        Files::of(&self.folder)
    }

    pub(crate) fn keys(&self) -> Keys {
        Keys::of(&self.folder.join("keys"))
    }

    /// The log of `up --detach`.
    pub(crate) fn own_log(&self) -> PathBuf {
        self.folder.join("logs/up.log")
    }

    pub(crate) fn settings(&self) -> Result<Option<Settings>> {
        self.read("settings.json")
    }

    pub(crate) fn keep_settings(&self, settings: &Settings) -> Result<()> {
        self.write("settings.json", settings)
    }

    /// The process that looks after the cluster, if it still runs.
    pub(crate) fn supervisor(&self) -> Result<Option<Supervisor>> {
        Ok(self.read::<Supervisor>("supervisor.json")?.filter(|supervisor| supervisor.identity.is_running()))
    }

    pub(crate) fn keep_supervisor(&self, supervisor: &Supervisor) -> Result<()> {
        self.write("supervisor.json", supervisor)
    }

    pub(crate) fn forget_supervisor(&self) -> Result<()> {
        Ok(place::remove(&self.folder.join("supervisor.json"))?)
    }

    /// The process that looks after the cluster, once everything was healthy.
    pub(crate) fn running(&self) -> Result<Supervisor> {
        let running = self.supervisor()?.filter(|supervisor| supervisor.is_ready);
        running.ok_or_else(|| Error::new("nothing is running here: `cargo xtask up` starts it"))
    }

    pub(crate) fn cluster(&self, settings: &Settings) -> Result<ClusterConfig> {
        let profile = if settings.release { "release" } else { "debug" };
        let built = testing::cluster::built_binaries();
        Ok(ClusterConfig {
            state: self.folder.clone(),
            postgres: place::postgres_folder("up"),
            durability: Durability::Durable,
            ports: Ports::from_base(settings.port_base, settings.replicas)?,
            binaries: built.parent().unwrap_or(&built).join(profile),
            log_format: settings.log_format,
            spans: settings.observe.then(|| observe::spans(settings.port_base)),
            overrides: std::collections::BTreeMap::new(),
            environment: std::collections::BTreeMap::new(),
        })
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.folder.join(name);
        let Ok(content) = fs::read(&path) else { return Ok(None) };
        let read = serde_json::from_slice(&content);
        read.map(Some).map_err(|error| {
            Error::new(format!("{} cannot be read ({error}): `cargo xtask reset` starts anew", path.display()))
        })
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        place::create_private_folder(&self.folder)?;
        Ok(place::write_private(&self.folder.join(name), &serde_json::to_vec(value)?)?)
    }
}

/// Where a gateway is, and who calls there.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    /// Whose certificates it shows.
    pub(crate) authority: PathBuf,
    /// The keys of the sample's people.
    pub(crate) keys: Keys,
}

impl Door {
    /// The gateway of the cluster of this checkout.
    pub(crate) fn of(state: &State, settings: &Settings) -> Result<Self> {
        let port = Ports::from_base(settings.port_base, 1)?.gateway;
        let (authority, keys) = (state.files().authority(), state.keys());
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), authority, keys })
    }

    /// The gateway, under one of its hosts.
    pub(crate) fn gateway(&self, host: &str) -> Result<Gateway> {
        Ok(Gateway::at(self.address, host, &self.authority)?)
    }
}
