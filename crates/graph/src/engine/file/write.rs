//! Engines into a file.

use std::io::Write;

use super::super::catalog::{Catalog, TableKey, TableKind};
use super::super::snapshot::Snapshot;
use super::block::{BlockWriter, Kind};
use super::fields::{put_note, put_numbers, put_text};
use super::limits::{BLOCK_BYTES_MAX, NOTE_BYTES_MAX, STRAY_TABLES_MAX, TENANT_BYTES_MAX};
use super::order::Ordered;
use super::{FileError, NEWEST, prelude};
use crate::schema::limits::PRINTED_BYTES_MAX;

/// Pairs in one full block.
const BLOCK_PAIRS: usize = BLOCK_BYTES_MAX / 8;
/// Ids in one block at most; there are fewer where their texts fill it.
const BLOCK_IDS: usize = 16 * 1024;

/// Writes a file of tenants, in ascending order of their ids, to an output that takes blocks of up to 256 KiB.
///
/// A file that was not finished cannot be read.
#[derive(Debug)]
pub struct FileWriter<W> {
    blocks: BlockWriter<W>,
    announced: u32,
    written: u32,
    last: Option<String>,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file of so many tenants, with a note of its owner's: at most
    /// [`NOTE_BYTES_MAX`](super::limits::NOTE_BYTES_MAX) bytes that mean nothing here.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`] and [`FileError::TooLong`].
    pub fn begin(mut out: W, note: &[u8], tenants: u32) -> Result<Self, FileError> {
        within("the file's note", note.len(), NOTE_BYTES_MAX)?;
        let (bytes, checksum) = prelude::written(NEWEST);
        out.write_all(&bytes)?;
        let mut blocks = BlockWriter::new(out, checksum);
        // No feature beyond the form's own is in use yet.
        blocks.block.extend_from_slice(&0_u16.to_le_bytes());
        put_note(&mut blocks.block, note);
        blocks.block.extend_from_slice(&tenants.to_le_bytes());
        blocks.close(Kind::Head)?;
        Ok(Self { blocks, announced: tenants, written: 0, last: None })
    }

    /// Writes one tenant as it was at the snapshot's revision, with another note of the owner's.
    ///
    /// Only the snapshot is read, so readers and writers of its engine go on. Beside the snapshot it takes less than 1 MiB,
    /// and eight bytes an id if there are changes since the last merge.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`], [`FileError::TooLong`], [`FileError::TenantCount`], and [`FileError::TenantOrder`].
    pub fn tenant(&mut self, id: &str, note: &[u8], snapshot: &Snapshot) -> Result<(), FileError> {
        within("the tenant's id", id.len(), TENANT_BYTES_MAX)?;
        within("the tenant's note", note.len(), NOTE_BYTES_MAX)?;
        let schema = snapshot.schema().to_text();
        within("the schema as it is laid out", schema.len(), PRINTED_BYTES_MAX)?;
        if self.written == self.announced {
            return Err(FileError::TenantCount { announced: self.announced, written: self.written + 1 });
        }
        if self.last.as_deref().is_some_and(|last| last >= id) {
            return Err(FileError::TenantOrder { id: id.to_owned() });
        }
        let contents = Contents::of(snapshot);
        let strays = contents.catalog.strays(snapshot.schema(), &contents.tables);
        within("the list of tables that the schema does not admit", strays, STRAY_TABLES_MAX)?;
        let rows = contents.tables.iter().map(|number| contents.catalog.key(*number));
        let rows = rows.map(|key| super::rows_of(key, |object_type| contents.ordered.ids(object_type))).sum();
        let ids: usize = contents.types.iter().map(|number| contents.ordered.ids(*number)).sum();
        super::check_rows(rows, ids, snapshot.relationships())?;
        self.written += 1;
        self.last = Some(id.to_owned());

        let block = &mut self.blocks.block;
        put_text(block, id);
        put_note(block, note);
        block.extend_from_slice(&snapshot.revision().to_le_bytes());
        put_numbers(block, &[schema.len() as u32, contents.types.len() as u32, contents.tables.len() as u32]);
        block.extend_from_slice(&(ids as u64).to_le_bytes());
        block.extend_from_slice(&(snapshot.relationships() as u64).to_le_bytes());
        self.blocks.close(Kind::Tenant)?;

        for part in schema.as_bytes().chunks(BLOCK_BYTES_MAX) {
            self.blocks.block.extend_from_slice(part);
            self.blocks.close(Kind::Schema)?;
        }
        contents.types.iter().try_for_each(|number| self.object_type(&contents, *number))?;
        contents.tables.iter().try_for_each(|number| self.table(&contents, *number))
    }

    fn object_type(&mut self, contents: &Contents<'_>, number: u32) -> Result<(), FileError> {
        let ids = contents.ordered.ids(number) as u32;
        put_text(&mut self.blocks.block, contents.catalog.types.name(number));
        put_numbers(&mut self.blocks.block, &[ids]);
        self.blocks.close(Kind::Type)?;
        let (mut lengths, mut texts) = (Vec::new(), Vec::new());
        for id in 0..ids {
            let text = contents.ordered.text(number, id).as_bytes();
            let bytes = 4 + 2 * (lengths.len() + 1) + texts.len() + text.len();
            if lengths.len() == BLOCK_IDS || bytes > BLOCK_BYTES_MAX {
                self.ids(&mut lengths, &mut texts)?;
            }
            lengths.push(text.len() as u16);
            texts.extend_from_slice(text);
        }
        if lengths.is_empty() { Ok(()) } else { self.ids(&mut lengths, &mut texts) }
    }

    fn ids(&mut self, lengths: &mut Vec<u16>, texts: &mut Vec<u8>) -> Result<(), FileError> {
        put_numbers(&mut self.blocks.block, &[lengths.len() as u32]);
        self.blocks.block.extend(lengths.drain(..).flat_map(u16::to_le_bytes));
        self.blocks.block.append(texts);
        self.blocks.close(Kind::Ids)
    }

    fn table(&mut self, contents: &Contents<'_>, number: u32) -> Result<(), FileError> {
        let (catalog, block) = (contents.catalog, &mut self.blocks.block);
        let key = catalog.key(number);
        let (kind, member) = kind_of(catalog, key);
        put_text(block, catalog.types.name(key.resource_type));
        put_text(block, catalog.relations.name(key.relation));
        put_text(block, catalog.types.name(key.subject_type));
        block.push(kind);
        put_text(block, member);
        put_numbers(block, &[contents.ordered.relationships(number) as u32]);
        self.blocks.close(Kind::Table)?;
        let (mut resources, mut subjects) = (Vec::with_capacity(BLOCK_PAIRS), Vec::with_capacity(BLOCK_PAIRS));
        contents.ordered.for_each_pair(number, &mut |resource, subject| {
            resources.push(resource);
            subjects.push(subject);
            if resources.len() == BLOCK_PAIRS { self.pairs(&mut resources, &mut subjects) } else { Ok(()) }
        })?;
        if resources.is_empty() { Ok(()) } else { self.pairs(&mut resources, &mut subjects) }
    }

    fn pairs(&mut self, resources: &mut Vec<u32>, subjects: &mut Vec<u32>) -> Result<(), FileError> {
        for column in [resources, subjects] {
            put_numbers(&mut self.blocks.block, column);
            column.clear();
        }
        self.blocks.close(Kind::Pairs)
    }

    /// Ends the file, flushes the output and gives it back.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`], and [`FileError::TenantCount`] if tenants are missing.
    pub fn finish(mut self) -> Result<W, FileError> {
        if self.written != self.announced {
            return Err(FileError::TenantCount { announced: self.announced, written: self.written });
        }
        put_numbers(&mut self.blocks.block, &[self.written]);
        self.blocks.close(Kind::Done)?;
        self.blocks.out.flush()?;
        Ok(self.blocks.out)
    }
}

/// What of a snapshot is not empty, in the order of names, so that equal graphs make equal files.
struct Contents<'s> {
    catalog: &'s Catalog,
    ordered: Ordered<'s>,
    types: Vec<u32>,
    tables: Vec<u32>,
}

impl<'s> Contents<'s> {
    fn of(snapshot: &'s Snapshot) -> Self {
        let (catalog, ordered) = (&*snapshot.catalog, Ordered::new(snapshot));
        let mut types: Vec<u32> = (0..catalog.types.len() as u32).filter(|number| ordered.ids(*number) > 0).collect();
        types.sort_by_key(|number| catalog.types.name(*number));
        let is_filled = |number: &u32| ordered.relationships(*number) > 0;
        let mut tables: Vec<u32> = (0..catalog.tables().len() as u32).filter(is_filled).collect();
        tables.sort_by_key(|number| {
            let key = catalog.key(*number);
            let (resource_type, relation) =
                (catalog.types.name(key.resource_type), catalog.relations.name(key.relation));
            (resource_type, relation, catalog.types.name(key.subject_type), kind_of(catalog, key))
        });
        Self { catalog, ordered, types, tables }
    }
}

fn kind_of(catalog: &Catalog, key: TableKey) -> (u8, &str) {
    match key.kind {
        TableKind::Plain => (super::PLAIN, ""),
        TableKind::Wildcard => (super::WILDCARD, ""),
        TableKind::Userset(member) => (super::USERSET, catalog.relations.name(member)),
    }
}

fn within(what: &'static str, found: usize, max: usize) -> Result<(), FileError> {
    if found > max { Err(FileError::TooLong { what, found, max }) } else { Ok(()) }
}
