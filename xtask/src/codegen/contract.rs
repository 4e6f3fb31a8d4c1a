//! Messages, clients and servers, and the descriptors that reflection answers from.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;
use protox::prost::Message;

use super::Files;
use crate::error::{Error, Result};

/// Where the generated Rust lies.
pub(super) const FOLDER: &str = "crates/contract/src/generated";

/// Compiles every file under `proto`, with its options and comments.
pub(super) fn compile(proto: &Path) -> Result<DescriptorPool> {
    let mut paths = Vec::new();
    collect(proto, &mut paths)?;
    paths.sort();
    let mut compiler = protox::Compiler::new([proto]).map_err(|error| Error::new(format!("{error:?}")))?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(paths).map_err(|error| Error::new(format!("{error:?}")))?;
    Ok(compiler.descriptor_pool())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Adds one Rust file per package, and the descriptor set without comments.
pub(super) fn generate(descriptors: &DescriptorPool, files: &mut Files) -> Result<()> {
    let mut set = prost_types::FileDescriptorSet::decode(descriptors.encode_to_vec().as_slice())
        .map_err(|error| Error::new(format!("the descriptors cannot be read back: {error}")))?;
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .out_dir(out.path())
        .emit_rerun_if_changed(false)
        .build_transport(true)
        .compile_fds(set.clone())?;
    for entry in fs::read_dir(out.path())? {
        let entry = entry?;
        if entry.file_name() == "google.protobuf.rs" {
            continue;
        }
        files.insert(Path::new(FOLDER).join(entry.file_name()), fs::read(entry.path())?);
    }
    for file in &mut set.file {
        file.source_code_info = None;
    }
    files.insert(Path::new(FOLDER).join("descriptors.bin"), set.encode_to_vec());
    Ok(())
}
