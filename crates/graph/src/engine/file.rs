//! Engines as a file: written from a snapshot, read without sorting or interning anything again.

mod block;
mod errors;
mod fields;
mod form_1;
pub mod limits;
mod order;
mod prelude;
mod read;
mod write;

use std::io::{Read, Write};

pub use errors::FileError;
pub use read::FileReader;
pub use write::FileWriter;

use super::snapshot::Snapshot;
use super::{Engine, EngineOptions};
use block::Blocks;
use read::Head;

/// Kinds of subjects, as a table's head has them.
const PLAIN: u8 = 0;
const WILDCARD: u8 = 1;
const USERSET: u8 = 2;

/// How one form of the file is read.
#[derive(Debug)]
struct Form {
    version: u32,
    head: fn(&mut dyn Blocks) -> Result<Head, FileError>,
    tenant: fn(&mut dyn Blocks, EngineOptions) -> Result<StoredTenant, FileError>,
}

/// The forms that can be read, the oldest first; the last is the one that is written.
const FORMS: &[Form] = &[Form { version: 1, head: form_1::head, tenant: form_1::tenant }];
const NEWEST: u32 = FORMS[FORMS.len() - 1].version;

/// One tenant out of a file.
#[derive(Debug)]
pub struct StoredTenant {
    /// The tenant's id.
    pub id: String,
    /// What the file's owner noted beside it.
    pub note: Vec<u8>,
    /// Its graph as of the revision at which it was written.
    pub engine: Engine,
}

impl Snapshot {
    /// Writes a file of this one tenant, without a name or notes.
    ///
    /// # Errors
    ///
    /// Those of [`FileWriter`].
    pub fn write_to(&self, out: impl Write) -> Result<(), FileError> {
        let mut file = FileWriter::begin(out, &[], 1)?;
        file.tenant("", &[], self)?;
        file.finish().map(drop)
    }
}

impl Engine {
    /// Reads a file of one tenant: an engine that answers as the one did that was written, at the same revision.
    ///
    /// # Errors
    ///
    /// Those of [`FileReader`], and [`FileError::TenantCount`] unless there is exactly one tenant.
    pub fn read_from(options: EngineOptions, input: impl Read) -> Result<Self, FileError> {
        let mut file = FileReader::begin(input)?;
        if file.tenants() != 1 {
            return Err(FileError::TenantCount { announced: 1, written: file.tenants() });
        }
        let tenant = file.next_tenant(options)?;
        file.next_tenant(options)?;
        Ok(tenant.expect("the file says that it holds one, and reading it did not fail").engine)
    }
}
