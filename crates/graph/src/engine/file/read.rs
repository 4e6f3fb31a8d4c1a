//! Engines out of a file.

use std::io::Read;

use super::super::EngineOptions;
use super::block::{BlockReader, Blocks, Kind};
use super::{FileError, Form, StoredTenant, prelude};

/// What stands before the tenants.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) note: Vec<u8>,
    pub(super) tenants: u32,
}

/// Reads a file of tenants, one after the other, from an input that is read in blocks of up to 256 KiB.
///
/// Whatever the bytes are, it gives engines or an error. It never takes much more memory than what it has read needs.
#[derive(Debug)]
pub struct FileReader<R> {
    blocks: BlockReader<R>,
    form: &'static Form,
    head: Head,
    read: u32,
    last: Option<String>,
}

impl<R: Read> FileReader<R> {
    /// Reads what stands before the tenants.
    ///
    /// # Errors
    ///
    /// [`FileError::Foreign`], [`FileError::Version`], [`FileError::Feature`], [`FileError::Damaged`], [`FileError::Io`].
    pub fn begin(mut input: R) -> Result<Self, FileError> {
        let (form, checksum) = prelude::read(&mut input)?;
        let mut blocks = BlockReader::new(input, prelude::BYTES as u64, checksum);
        let head = (form.head)(&mut blocks)?;
        Ok(Self { blocks, form, head, read: 0, last: None })
    }

    /// What the file's owner noted in it.
    pub fn note(&self) -> &[u8] {
        &self.head.note
    }

    /// How many tenants the file says it holds.
    pub fn tenants(&self) -> u32 {
        self.head.tenants
    }

    /// The next tenant, as an engine with these options; after the last one nothing. Only then is it sure that the file is
    /// whole.
    ///
    /// # Errors
    ///
    /// [`FileError::Damaged`], [`FileError::Io`], and [`FileError::Engine`] if the tenant is over a cap. There is no going
    /// on after any of them.
    pub fn next_tenant(&mut self, options: EngineOptions) -> Result<Option<StoredTenant>, FileError> {
        if self.read == self.head.tenants {
            self.end()?;
            return Ok(None);
        }
        let tenant = (self.form.tenant)(&mut self.blocks, options)?;
        if self.last.as_deref().is_some_and(|last| last >= tenant.id.as_str()) {
            return Err(FileError::TenantOrder { id: tenant.id });
        }
        self.last = Some(tenant.id.clone());
        self.read += 1;
        Ok(Some(tenant))
    }

    fn end(&mut self) -> Result<(), FileError> {
        let mut done = self.blocks.expect(Kind::Done)?;
        let tenants = done.number32()?;
        done.end()?;
        if tenants != self.head.tenants {
            return Err(done.damaged(format!("it counts {tenants} tenants, the head {}", self.head.tenants)));
        }
        self.blocks.end()
    }
}
