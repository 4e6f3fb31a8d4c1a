//! The frame that everything in a file lies in: blocks with a kind, a length and a checksum chained to the one before.

use std::io::{ErrorKind, Read, Write};

use crc32fast::Hasher;

use super::FileError;
use super::fields::Fields;
use super::limits::BLOCK_BYTES_MAX;

/// Kind, length, checksum.
const HEADER_BYTES: usize = 4 + 4 + 4;

/// What a block holds, four letters in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    Tenant,
    Schema,
    Type,
    Ids,
    Table,
    Pairs,
    Done,
}

impl Kind {
    const ALL: [Kind; 8] =
        [Kind::Head, Kind::Tenant, Kind::Schema, Kind::Type, Kind::Ids, Kind::Table, Kind::Pairs, Kind::Done];

    fn letters(self) -> [u8; 4] {
        *match self {
            Kind::Head => b"HEAD",
            Kind::Tenant => b"TENT",
            Kind::Schema => b"SCHM",
            Kind::Type => b"TYPE",
            Kind::Ids => b"IDS ",
            Kind::Table => b"TABL",
            Kind::Pairs => b"PAIR",
            Kind::Done => b"DONE",
        }
    }

    /// For an error's text.
    pub(super) fn part(self) -> &'static str {
        match self {
            Kind::Head => "the head",
            Kind::Tenant => "a tenant's head",
            Kind::Schema => "a schema",
            Kind::Type => "the head of a type",
            Kind::Ids => "object ids",
            Kind::Table => "the head of a table",
            Kind::Pairs => "relationships",
            Kind::Done => "the end",
        }
    }
}

/// Writes blocks. The one being filled is [`Self::block`], which is empty between them.
#[derive(Debug)]
pub(super) struct BlockWriter<W> {
    pub(super) out: W,
    pub(super) block: Vec<u8>,
    checksum: u32,
}

impl<W: Write> BlockWriter<W> {
    /// After bytes of one's own that have this checksum.
    pub(super) fn new(out: W, checksum: u32) -> Self {
        Self { out, block: Vec::with_capacity(BLOCK_BYTES_MAX), checksum }
    }

    /// Writes the block that was filled.
    pub(super) fn close(&mut self, kind: Kind) -> Result<(), FileError> {
        let length = u32::try_from(self.block.len()).expect("a block is at most 256 KiB long");
        debug_assert!(self.block.len() <= BLOCK_BYTES_MAX, "nobody fills a block so far");
        let (header, checksum) = header(self.checksum, kind.letters(), length, &self.block);
        self.checksum = checksum;
        self.out.write_all(&header)?;
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

fn header(before: u32, letters: [u8; 4], length: u32, contents: &[u8]) -> ([u8; HEADER_BYTES], u32) {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&letters);
    header[4..8].copy_from_slice(&length.to_le_bytes());
    let mut hasher = Hasher::new_with_initial(before);
    hasher.update(&header[..8]);
    hasher.update(contents);
    let checksum = hasher.finalize();
    header[8..].copy_from_slice(&checksum.to_le_bytes());
    (header, checksum)
}

/// Reads blocks one after the other, and gives out none whose checksum does not hold.
#[derive(Debug)]
pub(super) struct BlockReader<R> {
    input: R,
    contents: Vec<u8>,
    checksum: u32,
    /// Where the next block begins.
    at: u64,
}

/// Where a form's reader gets its blocks from.
pub(super) trait Blocks {
    /// The next block, which has to be of this kind.
    fn expect(&mut self, kind: Kind) -> Result<Fields<'_>, FileError>;

    /// Where the next block begins.
    fn at(&self) -> u64;
}

impl<R: Read> Blocks for BlockReader<R> {
    fn at(&self) -> u64 {
        self.at
    }

    fn expect(&mut self, kind: Kind) -> Result<Fields<'_>, FileError> {
        let damaged = |at, problem| Err(FileError::Damaged { part: kind.part(), at, problem });
        let at = self.at;
        let mut header = [0; HEADER_BYTES];
        self.fill(kind, &mut header)?;
        let [k0, k1, k2, k3, l0, l1, l2, l3, c0, c1, c2, c3] = header;
        let (letters, length) = ([k0, k1, k2, k3], u32::from_le_bytes([l0, l1, l2, l3]));
        if length as usize > BLOCK_BYTES_MAX {
            return damaged(at, format!("a block of {length} bytes; the limit is {BLOCK_BYTES_MAX}"));
        }
        let mut contents = std::mem::take(&mut self.contents);
        contents.resize(length as usize, 0);
        let filled = self.fill(kind, &mut contents);
        self.contents = contents;
        filled?;
        let (_, checksum) = self::header(self.checksum, letters, length, &self.contents);
        if checksum != u32::from_le_bytes([c0, c1, c2, c3]) {
            return damaged(at, "the checksum does not hold".to_owned());
        }
        if letters != kind.letters() {
            let known = Kind::ALL.into_iter().find(|kind| kind.letters() == letters);
            let found = known.map_or_else(|| format!("`{}`", letters.escape_ascii()), |kind| kind.part().to_owned());
            return damaged(at, format!("{found} comes where it should"));
        }
        self.checksum = checksum;
        self.at += (HEADER_BYTES + self.contents.len()) as u64;
        Ok(Fields { kind, at, rest: &self.contents })
    }
}

impl<R: Read> BlockReader<R> {
    /// After so many bytes that have this checksum.
    pub(super) fn new(input: R, at: u64, checksum: u32) -> Self {
        Self { input, contents: Vec::new(), checksum, at }
    }

    fn fill(&mut self, kind: Kind, bytes: &mut [u8]) -> Result<(), FileError> {
        self.input.read_exact(bytes).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                let problem = "the file ends too early".to_owned();
                return FileError::Damaged { part: kind.part(), at: self.at, problem };
            }
            FileError::Io(error)
        })
    }

    /// Nothing may come after the last block.
    pub(super) fn end(&mut self) -> Result<(), FileError> {
        loop {
            match self.input.read(&mut [0]) {
                Ok(0) => return Ok(()),
                Ok(_) => {
                    let problem = "something comes after it".to_owned();
                    return Err(FileError::Damaged { part: Kind::Done.part(), at: self.at, problem });
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
