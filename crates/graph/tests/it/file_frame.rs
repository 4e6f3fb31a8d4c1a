//! A file's blocks taken apart and put together, by the specification and not by the engine's own code.

use graph::{Engine, EngineOptions, FileError};

/// Kind and contents.
pub(crate) type Block = ([u8; 4], Vec<u8>);

/// What stands before the blocks of a file of this form.
pub(crate) fn prelude(form: u32) -> Vec<u8> {
    let mut bytes = b"\x89BWG\r\n\x1a\n".to_vec();
    bytes.extend(form.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The blocks of a whole file.
pub(crate) fn blocks_of(file: &[u8]) -> Vec<Block> {
    let mut rest = &file[16..];
    let mut blocks = Vec::new();
    while let Some((header, after)) = rest.split_first_chunk::<12>() {
        let length = u32::from_le_bytes(header[4..8].try_into().expect("four bytes")) as usize;
        blocks.push((header[..4].try_into().expect("four bytes"), after[..length].to_vec()));
        rest = &after[length..];
    }
    assert!(rest.is_empty());
    blocks
}

/// The file of these blocks, with checksums that hold.
pub(crate) fn file_of(blocks: &[Block]) -> Vec<u8> {
    let mut file = prelude(1);
    let mut checksum = u32::from_le_bytes(*file.last_chunk().expect("a prelude has sixteen bytes"));
    for (kind, contents) in blocks {
        let length = (contents.len() as u32).to_le_bytes();
        let mut hasher = crc32fast::Hasher::new_with_initial(checksum);
        [&kind[..], &length, contents].iter().for_each(|part| hasher.update(part));
        checksum = hasher.finalize();
        file.extend([&kind[..], &length, &checksum.to_le_bytes(), contents].concat());
    }
    file
}

pub(crate) fn written(engine: &Engine) -> Vec<u8> {
    let mut file = Vec::new();
    engine.snapshot().write_to(&mut file).expect("a vector takes everything");
    file
}

pub(crate) fn read(file: &[u8]) -> Result<Engine, FileError> {
    Engine::read_from(EngineOptions::default(), file)
}

/// What is wrong with the file, which may not be read.
pub(crate) fn refusal(file: &[u8]) -> String {
    read(file).expect_err("it must be refused").to_string()
}
