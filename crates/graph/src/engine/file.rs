//! Engines as a file: written from a snapshot, read without sorting or interning anything again.
//!
//! One file holds the graphs of any number of tenants, each as it was at one revision. It says nothing of how an engine
//! lies in memory, and equal graphs under equal schemas make equal bytes. Numbers are little-endian; *text* is its length
//! in bytes as u16 and then UTF-8; a *note* is its length as u32 and then bytes that mean something only to the file's owner.
//!
//! # The prelude
//!
//! Sixteen bytes, the same in every form: the magic number `89 42 57 47 0d 0a 1a 0a`, the form as u32, and the CRC-32 (that of
//! IEEE 802.3) of those twelve. This is **form 1**. A release writes its newest form and reads that and the one before.
//!
//! # Blocks
//!
//! Then come blocks to the end of the file and nothing else:
//!
//! | bytes | |
//! |---|---|
//! | 4 | kind, four ASCII letters |
//! | 4 | length of the contents in bytes, at most 262,144 |
//! | 4 | CRC-32 of kind, length and contents, going on from the checksum before it (the prelude's for the first) |
//! | length | contents |
//!
//! Because checksums go on from one another, a block that is lost, doubled, moved or from another file shows as well as a
//! flipped bit. They are no signature: whoever can write to the file store can write any graph.
//!
//! # Order and contents
//!
//! `HEAD`, then for every tenant `TENT SCHM* (TYPE IDS+)* (TABL PAIR+)*`, then `DONE`.
//!
//! | kind | contents |
//! |---|---|
//! | `HEAD` | number of features u16, each a text of at most 64 bytes; the file's note, at most 65,536 bytes; number of tenants u32 |
//! | `TENT` | id, a text of at most 256 bytes; the tenant's note, at most 65,536 bytes; revision u64; bytes of the schema u32; number of types u32; number of tables u32; ids of all types u64; relationships of all tables u64 |
//! | `SCHM` | the next bytes of the schema in its canonical text, at most 16,777,216 in all |
//! | `TYPE` | name, a text; number of ids u32, at least 1 |
//! | `IDS ` | how many come n u32, at least 1; their lengths in bytes, n × u16; their bytes |
//! | `TABL` | the resources' type, their relation, and the subjects' type, texts; kind of subject u8 (0 object, 1 wildcard, 2 userset); the userset's relation or permission, a text, else empty; number of relationships u32, at least 1 |
//! | `PAIR` | n resources, n × u32, then n subjects, n × u32; n is an eighth of the length, at least 1 |
//! | `DONE` | number of tenants u32 |
//!
//! Tenants ascend by id. A type has its object ids in ascending order of their bytes, and they are numbered from 0; each is
//! an id as [`ObjectRef`](crate::ObjectRef) takes it. The pairs of a table are such numbers and ascend, resource before
//! subject; the subject of a wildcard is 0. Writers put types and tables in the order of their names, and leave out those
//! that are empty; readers take them in any order, but none twice. Tables may be of kinds that the schema does not admit,
//! up to [`limits::STRAY_TABLES_MAX`]: such relationships stay stored, as they do in the engine. A table has a row for every
//! id of both its types, and there are at most [`limits::ROWS_PER_ENTRY_MAX`] of them for each id and relationship.
//!
//! What follows from this is not in the file, but worked out when it is read: the rows from subjects to resources, which
//! groups are in which, and the index from texts to numbers, whose hashes start from a secret of the process.
//!
//! # What comes later
//!
//! A column that a form 1 reader could miss without giving a wrong answer does not exist, so whatever is added is a
//! **feature** with a name. Caveats and expiry will be `caveat` and `expiry`: each puts blocks of its own after the `PAIR`
//! blocks of a table, with one value for each pair in the same order, and a table says in its head which it has. A reader
//! that does not know a feature in the file's list refuses the file by that name, before it has read any tenant. What
//! changes the order or the contents of blocks that are there already is another form.

mod block;
mod errors;
mod fields;
mod form_1;
pub mod limits;
mod order;
mod parts;
mod prelude;
mod read;
mod write;

use std::io::{Read, Write};

pub use errors::FileError;
pub use read::FileReader;
pub use write::FileWriter;

use super::catalog::{TableKey, TableKind};
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

/// How many rows a table has, full and empty, both ways.
fn rows_of(key: TableKey, ids: impl Fn(u32) -> usize) -> usize {
    let subjects = if key.kind == TableKind::Wildcard { 1 } else { ids(key.subject_type) };
    ids(key.resource_type) + subjects
}

fn check_rows(found: usize, ids: usize, relationships: usize) -> Result<(), FileError> {
    let max = (ids + relationships).saturating_mul(limits::ROWS_PER_ENTRY_MAX);
    if found > max { Err(FileError::TooLong { what: "the list of rows of all tables", found, max }) } else { Ok(()) }
}

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
