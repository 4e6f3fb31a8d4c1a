//! The table of peers: which service may call which RPC of another.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::contract::FOLDER;
use super::{Files, rust};
use crate::error::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerTable {
    peer: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    follows: Vec<String>,
    #[serde(default)]
    acts_for_tenants: bool,
    #[serde(default)]
    bound_to_tenant: bool,
}

pub(super) fn generate(table: &str, files: &mut Files) -> Result<()> {
    let table: PeerTable = toml::from_str(table).map_err(|error| Error::new(format!("proto/peers.toml: {error}")))?;
    let mut source =
        String::from("use crate::peer::Peer;\n/// Every service that calls another.\npub static PEERS: &[Peer] = &[\n");
    for row in &table.peer {
        writeln!(
            source,
            "Peer {{ name: {:?}, calls: &{:?}, follows: &{:?}, acts_for_tenants: {}, bound_to_tenant: {} }},",
            row.name, row.calls, row.follows, row.acts_for_tenants, row.bound_to_tenant
        )
        .expect("a string takes what is written to it");
    }
    source.push_str("];\n");
    files.insert(Path::new(FOLDER).join("peers.rs"), rust(&source)?);
    Ok(())
}
