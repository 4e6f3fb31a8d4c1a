//! Files of the whole index, from which a replica starts: the newest one, and the log from there.
//!
//! One replica writes them for all, every so often; any replica reads them. A file says which point of the history it is of.
//! Whether that history is the database's is found out by following it: its digest goes on from the file's.

mod note;
mod place;

use std::io;
use std::sync::Arc;

use futures::TryStreamExt as _;
use graph::{EngineOptions, FileError, FileReader, FileWriter, Schema};
use object_store::ObjectStoreExt as _;
use object_store::buffered::BufWriter;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::domain::revision::{Head, Point};
use crate::index::tenant::{CompiledSchema, Tenant};
use crate::index::{Still, Tenants};
use note::{file_note, read_file_note, read_tenant_note, tenant_note};
pub(crate) use place::Place;
use place::Stored;

/// How many files are kept: the newest, and the one before it in case that cannot be read.
const KEPT: usize = 2;

/// How much is written at once.
const PART_BYTES: usize = 8 << 20;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// The file store.
    #[error("the file store cannot be used")]
    Store(#[from] object_store::Error),
    /// The file's contents.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be put in place.
    #[error("the file could not be put in place")]
    Write(#[from] io::Error),
    /// Its notes are not of this service.
    #[error("the file's notes are not those of this service")]
    Note,
    /// The schema that is part of the program is another in the file.
    #[error("the file is of a release whose own schema is another")]
    OwnSchema,
}

/// Writes the index as it stands still at a point, and lets go of files that are not needed any more.
pub(crate) async fn write(place: &Place, point: &Point, still: Still) -> Result<(), SnapshotError> {
    let stored = Stored::of(point);
    let out = BufWriter::with_capacity(place.store(), place.path(&stored), PART_BYTES);
    let (out, note) = (SyncIoBridge::new(out), file_note(point));
    aside(move || write_all(out, &note, still)).await?;
    let all = place.list().await?;
    for old in all.iter().rev().skip(KEPT) {
        place.delete(old).await?;
    }
    Ok(())
}

fn write_all(mut out: SyncIoBridge<BufWriter>, note: &[u8], still: Still) -> Result<(), SnapshotError> {
    let count = u32::try_from(still.len()).unwrap_or(u32::MAX);
    let mut file = FileWriter::begin(&mut out, note, count)?;
    for (id, snapshot, schema) in still {
        file.tenant(&id, &tenant_note(schema.as_deref()), &snapshot)?;
    }
    file.finish()?;
    // Only now is the file there.
    out.shutdown()?;
    Ok(())
}

/// The newest file of this life of the database that can be read.
pub(crate) async fn read_newest(
    place: &Place,
    head: &Head,
    options: EngineOptions,
    own_schema: &Arc<Schema>,
) -> Result<Option<(Point, Tenants)>, SnapshotError> {
    for stored in place.list().await?.into_iter().rev() {
        if stored.epoch != head.point.epoch || stored.number < head.floor {
            continue;
        }
        match read(place, &stored, options, Arc::clone(own_schema)).await {
            Ok(read) => return Ok(Some(read)),
            Err(error) => {
                tracing::error!(error = chassis::error::chain(&error), ?stored, "a file of the index is refused");
            }
        }
    }
    Ok(None)
}

async fn read(
    place: &Place,
    stored: &Stored,
    options: EngineOptions,
    own_schema: Arc<Schema>,
) -> Result<(Point, Tenants), SnapshotError> {
    let bytes = place.store().get(&place.path(stored)).await?.into_stream();
    let input = SyncIoBridge::new(StreamReader::new(bytes.map_err(io::Error::from)));
    aside(move || {
        let mut file = FileReader::begin(input)?;
        let point = read_file_note(file.note()).ok_or(SnapshotError::Note)?;
        let mut tenants = Tenants::new();
        while let Some(tenant) = file.next_tenant(options)? {
            let revision = read_tenant_note(&tenant.note).ok_or(SnapshotError::Note)?;
            let schema = Arc::clone(tenant.engine.snapshot().schema());
            if tenant.id == contract::SYSTEM_TENANT && *schema != *own_schema {
                return Err(SnapshotError::OwnSchema);
            }
            let schema = revision.map(|revision| Arc::new(CompiledSchema { revision, schema }));
            tenants.insert(tenant.id, Arc::new(Tenant::new(tenant.engine, schema)));
        }
        Ok((point, tenants))
    })
    .await
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SnapshotError> + Send + 'static,
) -> Result<T, SnapshotError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
