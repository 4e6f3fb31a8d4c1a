//! Messages, clients and servers, and the descriptors that reflection answers from.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, DynamicMessage, Value};
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
    let set = prost_types::FileDescriptorSet::decode(descriptors.encode_to_vec().as_slice())
        .map_err(|error| Error::new(format!("the descriptors cannot be read back: {error}")))?;
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .out_dir(out.path())
        .emit_rerun_if_changed(false)
        .build_transport(true)
        .compile_fds(set)?;
    for entry in fs::read_dir(out.path())? {
        let entry = entry?;
        // Descriptors and options: nothing in Rust speaks of them.
        if entry.file_name() == "google.protobuf.rs" || entry.file_name() == "google.api.rs" {
            continue;
        }
        files.insert(Path::new(FOLDER).join(entry.file_name()), fs::read(entry.path())?);
    }
    files.insert(Path::new(FOLDER).join("descriptors.bin"), without_comments(descriptors)?);
    Ok(())
}

/// With every option: Envoy reads how an RPC is called in JSON. Rust's types of descriptors would drop those that they do not know.
fn without_comments(descriptors: &DescriptorPool) -> Result<Vec<u8>> {
    let unreadable = |problem: &dyn std::fmt::Display| Error::new(format!("the descriptors cannot be read: {problem}"));
    let kind = descriptors
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .ok_or_else(|| unreadable(&"proto/ imports no google/protobuf/descriptor.proto"))?;
    let mut set =
        DynamicMessage::decode(kind, descriptors.encode_to_vec().as_slice()).map_err(|error| unreadable(&error))?;
    let files = set.get_field_by_name_mut("file").and_then(Value::as_list_mut).into_iter().flatten();
    for file in files.filter_map(Value::as_message_mut) {
        file.clear_field_by_name("source_code_info");
    }
    Ok(set.encode_to_vec())
}
