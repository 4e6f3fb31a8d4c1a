//! What one tenant's storm of long questions does to another's checks: latency in quiet and during it, and what the stormer is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench_machine::{Void, heading, joined, measured, memory, quiet, row};
use contract::authzed::api::v1 as authzed;
use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use graph::Relationship;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::calls::Kind;
use crate::filling::{write_all, write_schema};
use crate::latencies::multiples;
use crate::load::Load;
use crate::messages::{self, Freshness};
use crate::target::Connection;

/// Groups in groups, and documents that they view.
const SCHEMA: &str = "definition user {}
definition group {
    relation member: user | group#member
}
definition document {
    relation viewer: group#member
}";

/// How long the chain of groups is, and how many groups view the document.
const LENGTH: usize = 10_000;

/// Calls of the storm under way at once.
const STORM_IN_FLIGHT: usize = 32;

/// The items of one of its lists, and the rows of one of its pages.
const STORM_ITEMS: usize = 1_000;

/// How often each of its calls ended in each way.
type Told = BTreeMap<String, usize>;

/// Checks in quiet and during the storm, in turn.
pub(crate) async fn isolation(load: &Load, rounds: usize, rate: u32, time: Duration) -> Result<(), Void> {
    let Some(stormer) = &load.target.stormer else {
        return Err("only a cluster of our own has a second tenant".to_owned());
    };
    write_schema(&stormer.schemas, SCHEMA).await?;
    write_all(&stormer.connections, graph()?, messages::touch).await?;
    quiet(&load.target.processes).await?;
    let (kind, told) = (Kind::Check(Freshness::Minimal), Arc::new(Mutex::new(Told::new())));
    let (mut in_quiet, mut in_storm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        in_quiet.push(measured(&load.target.processes, load.open(kind, rate, time)).await?);
        let both = async {
            let storm = storm(stormer.connections.clone(), Instant::now() + time, Arc::clone(&told));
            let (checks, stormed) = tokio::join!(load.open(kind, rate, time), stormer.aside.run(storm));
            stormed?;
            checks
        };
        in_storm.push(measured(&load.target.processes, both).await?);
    }
    println!(
        "\n{rate} checks/s of one tenant, alone and beside {STORM_IN_FLIGHT} long calls of another, {rounds} rounds"
    );
    heading(&load.target.processes, &["p99 × quiet"]);
    row("quiet", &in_quiet, load.target.processes.len(), &[multiples(&in_quiet, &in_quiet)]);
    row("storm", &in_storm, load.target.processes.len(), &[multiples(&in_storm, &in_quiet)]);
    for (what, times) in &*told.lock().await {
        println!("the storm's {what}: {times}");
    }
    memory(&load.target.processes)
}

/// A chain of groups, and a document that as many groups view.
fn graph() -> Result<Vec<Relationship>, Void> {
    let read = |text: String| text.parse::<Relationship>().map_err(|error| error.to_string());
    let chain = (1..LENGTH).map(|at| format!("group:c{}#member@group:c{at}#member", at - 1));
    let wide = (0..LENGTH).map(|at| format!("document:wide#viewer@group:w{at}#member"));
    let members = (0..LENGTH).map(|at| format!("group:w{at}#member@user:u{at}"));
    chain.chain(wide).chain(members).map(read).collect()
}

async fn storm(connections: Vec<Connection>, end: Instant, told: Arc<Mutex<Told>>) -> Result<(), Void> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers: JoinSet<Result<(), Void>> = JoinSet::new();
    for on in connections.iter().cycle().take(STORM_IN_FLIGHT) {
        let (on, next, told) = (on.clone(), Arc::clone(&next), Arc::clone(&told));
        workers.spawn(async move {
            while Instant::now() < end {
                let (what, answer) = call(on.clone(), next.fetch_add(1, Ordering::Relaxed)).await;
                let how = answer.map_or_else(|status| format!("{:?}", status.code()), |()| "answered".to_owned());
                *told.lock().await.entry(format!("{what}, {how}")).or_default() += 1;
            }
            Ok(())
        });
    }
    joined(workers).await.map(drop)
}

/// One of the storm's calls: each kind in turn.
async fn call(on: Connection, number: usize) -> (&'static str, Result<(), tonic::Status>) {
    let mut client = PermissionsServiceClient::new(on).max_decoding_message_size(64 << 20);
    match number % 4 {
        0 => {
            let items = (0..STORM_ITEMS).map(|at| item(format!("group:c{}", at * LENGTH / STORM_ITEMS), "member"));
            let request = authzed::CheckBulkPermissionsRequest { items: items.collect(), ..Default::default() };
            ("long lists", client.check_bulk_permissions(request).await.map(drop))
        }
        1 => {
            let authzed::CheckBulkPermissionsRequestItem { resource, permission, subject, .. } =
                item("document:wide".to_owned(), "viewer");
            let request = authzed::CheckPermissionRequest { resource, permission, subject, ..Default::default() };
            ("wide questions", client.check_permission(request).await.map(drop))
        }
        2 => {
            let authzed::CheckBulkPermissionsRequestItem { resource, permission, .. } =
                item("document:wide".to_owned(), "viewer");
            let request = authzed::ExpandPermissionTreeRequest { resource, permission, consistency: None };
            ("expansions", client.expand_permission_tree(request).await.map(drop))
        }
        _ => ("pages", page(client).await),
    }
}

async fn page(mut client: PermissionsServiceClient<Connection>) -> Result<(), tonic::Status> {
    let filter = authzed::RelationshipFilter { resource_type: "group".to_owned(), ..Default::default() };
    let request = authzed::ReadRelationshipsRequest {
        relationship_filter: Some(filter),
        optional_limit: u32::try_from(STORM_ITEMS).unwrap_or(u32::MAX),
        ..Default::default()
    };
    let mut rows = client.read_relationships(request).await?.into_inner();
    while rows.message().await?.is_some() {}
    Ok(())
}

/// Whether somebody is in it who is nowhere: everything must be looked through.
fn item(object: String, permission: &str) -> authzed::CheckBulkPermissionsRequestItem {
    let reference = |object_type: &str, object_id: &str| {
        Some(authzed::ObjectReference { object_type: object_type.to_owned(), object_id: object_id.to_owned() })
    };
    let (object_type, object_id) = object.split_once(':').unwrap_or_default();
    authzed::CheckBulkPermissionsRequestItem {
        resource: reference(object_type, object_id),
        permission: permission.to_owned(),
        subject: Some(authzed::SubjectReference { object: reference("user", "nobody"), ..Default::default() }),
        context: None,
    }
}
