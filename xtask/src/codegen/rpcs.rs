//! The table of RPCs: what each asks of its caller, from its option or from the table of foreign contracts.

use std::fmt::Write as _;
use std::path::Path;

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde::Deserialize;

use super::contract::FOLDER;
use super::{Files, rust};
use crate::error::{Error, Result};

const OPTION: &str = "bailiwick.common.v1.access";

/// How an RPC is called in JSON.
const JSON_OPTION: &str = "google.api.http";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignTable {
    rpc: Vec<Row>,
}

/// One RPC's row, as the table of foreign contracts writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    #[serde(default)]
    service: String,
    entry: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    permission: String,
    #[serde(default)]
    audit_action: String,
    deadline_ms: u32,
    #[serde(default)]
    idempotent: bool,
    #[serde(default)]
    anonymous: bool,
    #[serde(default)]
    bulk: String,
}

pub(super) fn generate(descriptors: &DescriptorPool, foreign: &str, files: &mut Files) -> Result<()> {
    let foreign: ForeignTable =
        toml::from_str(foreign).map_err(|error| Error::new(format!("proto/foreign.toml: {error}")))?;
    let mut rows = foreign.rpc;
    for service in descriptors.services().filter(|service| service.full_name().starts_with("bailiwick.")) {
        for method in service.methods() {
            rows.push(ours(descriptors, &method)?);
        }
    }
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    for row in &rows {
        check(row)?;
    }
    files.insert(Path::new(FOLDER).join("rpcs.rs"), rust(&source(&rows))?);
    Ok(())
}

fn ours(descriptors: &DescriptorPool, method: &MethodDescriptor) -> Result<Row> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let option = descriptors
        .get_extension_by_name(OPTION)
        .ok_or_else(|| Error::new(format!("proto/ declares no option {OPTION}")))?;
    let options = method.options();
    if !options.has_extension(&option) {
        return Err(Error::new(format!("{path} says nothing of its caller: give it option ({OPTION})")));
    }
    let access = options.get_extension(&option);
    let access = access.as_message().expect("the option is a message");
    let choice = |field: &str, of: &str, prefix: &str| {
        access
            .get_field_by_name(field)
            .and_then(|value| value.as_enum_number())
            .and_then(|number| descriptors.get_enum_by_name(of)?.get_value(number))
            .map(|value| value.name().trim_start_matches(prefix).to_lowercase())
            .unwrap_or_default()
    };
    let entry = choice("entry", "bailiwick.common.v1.Entry", "ENTRY_");
    let bulk = choice("bulk", "bailiwick.common.v1.Bulk", "BULK_");
    if method.is_client_streaming() && !["", "unspecified", "nothing"].contains(&bulk.as_str()) {
        return Err(Error::new(format!("{path} takes a stream: its messages are not looked at one by one")));
    }
    if ["edge", "mesh"].contains(&entry.as_str()) && !is_stream(method) && !has(descriptors, method, JSON_OPTION) {
        return Err(Error::new(format!("{path} cannot be called in JSON: give it option ({JSON_OPTION})")));
    }
    let package = method.parent_service().package_name().to_owned();
    Ok(Row {
        path,
        service: package.split('.').nth(1).unwrap_or_default().to_owned(),
        entry,
        scope: text(access, "scope"),
        permission: text(access, "permission"),
        audit_action: text(access, "audit_action"),
        deadline_ms: access.get_field_by_name("deadline_ms").and_then(|value| value.as_u32()).unwrap_or_default(),
        idempotent: flag(access, "idempotent"),
        anonymous: flag(access, "anonymous"),
        bulk,
    })
}

fn is_stream(method: &MethodDescriptor) -> bool {
    method.is_client_streaming() || method.is_server_streaming()
}

fn has(descriptors: &DescriptorPool, method: &MethodDescriptor, option: &str) -> bool {
    descriptors.get_extension_by_name(option).is_some_and(|option| method.options().has_extension(&option))
}

fn text(access: &DynamicMessage, field: &str) -> String {
    access.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn flag(access: &DynamicMessage, field: &str) -> bool {
    access.get_field_by_name(field).and_then(|value| value.as_bool()).unwrap_or_default()
}

/// The rules that hold between the fields of a row.
fn check(row: &Row) -> Result<()> {
    let refuse = |rule: &str| Err(Error::new(format!("{}: {rule}", row.path)));
    if !["edge", "mesh", "peer", "open"].contains(&row.entry.as_str()) {
        return refuse("its entry must be edge, mesh, peer or open");
    }
    if !["", "unspecified", "nothing", "message", "answer"].contains(&row.bulk.as_str()) {
        return refuse("its bulk must be nothing, message or answer");
    }
    if row.deadline_ms == 0 {
        return refuse("it needs a deadline");
    }
    if row.anonymous && row.entry != "edge" {
        return refuse("only an edge RPC can be anonymous");
    }
    if row.anonymous && (!row.scope.is_empty() || !row.permission.is_empty()) {
        return refuse("an anonymous RPC can ask for no scope and no permission");
    }
    if row.entry == "open" && row.path.starts_with("/bailiwick.") {
        return refuse("an RPC of ours cannot be open");
    }
    if row.entry == "mesh" && (row.scope.is_empty() || row.permission.is_empty()) {
        return refuse("a mesh RPC needs a scope and a permission: a token alone opens nothing");
    }
    if row.entry == "mesh" && row.service != "permissions" {
        return refuse("a mesh RPC decides permissions by itself, which only the permissions service can");
    }
    let known =
        row.permission.is_empty() || ["tenant#", "system#"].iter().any(|object| row.permission.starts_with(object));
    if !known {
        return refuse("its permission must be tenant#… or system#…");
    }
    Ok(())
}

fn source(rows: &[Row]) -> String {
    let mut source = String::from(
        "use crate::rpc::{Bulk, Entry, Rpc};\n/// Every RPC that a service answers, by path.\npub static RPCS: &[Rpc] = &[\n",
    );
    for row in rows {
        let entry = match row.entry.as_str() {
            "edge" => "Edge",
            "mesh" => "Mesh",
            "peer" => "Peer",
            _ => "Open",
        };
        let bulk = match row.bulk.as_str() {
            "message" => "Message",
            "answer" => "Answer",
            _ => "Nothing",
        };
        writeln!(
            source,
            "Rpc {{ path: {:?}, service: {:?}, entry: Entry::{entry}, scope: {:?}, permission: {:?}, audit_action: {:?}, deadline_ms: {}, idempotent: {}, anonymous: {}, bulk: Bulk::{bulk} }},",
            row.path, row.service, row.scope, row.permission, row.audit_action, row.deadline_ms, row.idempotent, row.anonymous
        )
        .expect("a string takes what is written to it");
    }
    source.push_str("];\n");
    source
}
