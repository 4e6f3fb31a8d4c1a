//! The files of the tree, as git would see them.

use std::fs;
use std::path::{Path, PathBuf};

/// The services, which all have one shape.
pub(crate) const SERVICES: &[&str] = &["gate", "identity", "permissions"];

/// Folders that hold nothing of ours.
const FOREIGN: &[&str] = &[".git", ".bailiwick", "target", "node_modules"];

/// A text file of the tree.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Its path below the root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether a command wrote it.
    pub(crate) fn is_generated(&self) -> bool {
        self.path.contains("/generated/") || self.path.contains("/.sqlx/") || self.path == "Cargo.lock"
    }

    /// Whether it is only built for tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.starts_with("e2e/")
    }

    pub(crate) fn line_count(&self) -> usize {
        self.text.lines().count()
    }
}

/// The root of the tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_path_buf()
}

/// Whether there is such a file or folder.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file of ours.
pub(crate) fn files() -> Vec<TextFile> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the tree can be read") {
            let path = entry.expect("the tree can be read").path();
            let name = path.file_name().expect("an entry of a folder has a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !FOREIGN.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(&root).expect("the walk began at the root").to_string_lossy().into_owned();
                files.push(TextFile { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// Every Rust file that was written by hand.
pub(crate) fn rust_files() -> Vec<TextFile> {
    let files: Vec<TextFile> =
        files().into_iter().filter(|file| file.path.ends_with(".rs") && !file.is_generated()).collect();
    assert!(files.len() > 100, "only {} Rust files were found: the walk over the tree is broken", files.len());
    files
}
