//! Keeps the table of routes as the database has it, by following gate's own feed. What cannot be read leaves the last good
//! version in force.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chassis::feed::{self, Item, Position};
use chassis::{Database, DatabaseError, Latch, TenantId};
use futures::StreamExt as _;
use prost::Message as _;

use crate::domain::policy;
use crate::domain::table::Table;
use crate::messages;
use crate::store::change::Changed;
use crate::store::{hosts, routes};

/// How long to wait after the database could not be read.
const RETRY: Duration = Duration::from_millis(250);

/// Why a tenant's routes cannot be put in force.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the feed holds an entry of another kind")]
    Entry(#[from] prost::DecodeError),
}

/// Keeps the table for as long as the service runs.
pub(crate) async fn keep_table(database: Database, table: Arc<ArcSwap<Table>>, empty: Table, loaded: Latch) {
    loop {
        let Err(broken) = follow(&database, &table, &empty, &loaded).await;
        tracing::warn!(error = chassis::error::chain(&broken), "the table of routes cannot be kept current just now");
        tokio::time::sleep(RETRY).await;
    }
}

async fn follow(
    database: &Database,
    table: &ArcSwap<Table>,
    empty: &Table,
    loaded: &Latch,
) -> Result<std::convert::Infallible, Broken> {
    // The position before what is read there: a change in between is read twice rather than never.
    let from = feed::head(database).await?;
    load_all(database, table, empty).await?;
    loaded.set();
    let mut changes = feed::tail(database.clone(), from.clone());
    let mut epoch = from.epoch;
    loop {
        match changes.next().await.expect("a feed's tail never ends")? {
            Item::Entry { epoch: of_entry, entry } if of_entry == epoch => {
                let Changed { tenant } = Changed::decode(entry.payload.as_slice())?;
                load(database, table, &tenant).await?;
            }
            Item::Heartbeat(Position { epoch: here, .. }) if here == epoch => {}
            // The database was restored: everything may be another.
            Item::Entry { epoch: another, .. } | Item::Heartbeat(Position { epoch: another, .. }) => {
                load_all(database, table, empty).await?;
                epoch = another;
            }
        }
    }
}

async fn load_all(database: &Database, table: &ArcSwap<Table>, empty: &Table) -> Result<(), Broken> {
    let mut next = empty.clone();
    for tenant in hosts::tenants(database).await? {
        read_into(&mut next, &table.load(), database, &tenant).await?;
    }
    table.store(Arc::new(next));
    Ok(())
}

async fn load(database: &Database, table: &ArcSwap<Table>, tenant: &str) -> Result<(), Broken> {
    let current = table.load_full();
    let mut next = Table::clone(&current);
    read_into(&mut next, &current, database, tenant).await?;
    table.store(Arc::new(next));
    Ok(())
}

async fn read_into(next: &mut Table, current: &Table, database: &Database, tenant: &str) -> Result<(), Broken> {
    let owned = hosts::of_tenant(database, tenant).await?;
    let Ok(tenant) = tenant.parse::<TenantId>() else {
        tracing::error!(tenant, "a host has an owner whose id cannot be read: ignored");
        return Ok(());
    };
    let (version, messages) = routes::of_tenant(database, &tenant).await?;
    let drafts: Vec<_> = messages.iter().map(messages::draft).collect();
    match policy::read(&drafts, &owned) {
        Ok(routes) => next.replace(&tenant, version, &owned, routes),
        Err(faults) => {
            let first = faults.first().map(ToString::to_string);
            tracing::error!(%tenant, faults = faults.len(), first, "routes that were applied cannot be read: the last good ones stay");
            next.keep(&tenant, current);
        }
    }
    Ok(())
}
