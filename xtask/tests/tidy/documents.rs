//! Documents speak of what is there: files, folders and crates that they name exist.

use std::path::{Component, Path, PathBuf};

use crate::none_of;
use crate::tree::{TextFile, exists, files, root};

/// Folders at the root: what begins with one of them in a document is a path.
const FOLDERS: &[&str] =
    &[".cargo", ".ci", "benches", "crates", "deploy", "docs", "e2e", "examples", "helm", "proto", "services", "xtask"];

fn documents() -> Vec<TextFile> {
    files().into_iter().filter(|file| file.path.ends_with(".md")).collect()
}

#[test]
fn the_documents_that_a_reader_begins_with_are_there() {
    none_of(
        ["README.md", "CHANGELOG.md", "docs/architecture.md", "docs/guides/add-an-rpc.md", "docs/decisions"]
            .into_iter()
            .filter(|path| !exists(path))
            .map(|path| format!("{path} is missing"))
            .collect(),
    );
}

#[test]
fn paths_in_documents_exist() {
    let mut violations = Vec::new();
    for document in documents() {
        for (index, line) in document.text.lines().enumerate() {
            // What stands between backticks is every second piece.
            for word in line.split('`').skip(1).step_by(2) {
                let path = word.trim_end_matches('/');
                let is_path = path.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first));
                let is_pattern = path.contains(['<', '>', '*', '{', '…', ' ', '$', '|']) || path.contains("NNNN");
                if is_path && !is_pattern && !exists(path.split(':').next().unwrap_or(path)) {
                    violations.push(format!("{}:{}: there is no {path}", document.path, index + 1));
                }
            }
        }
    }
    none_of(violations);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut violations = Vec::new();
    for document in documents() {
        let folder = Path::new(&document.path).parent().unwrap().to_path_buf();
        for target in document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            let path = normalised(&folder.join(target));
            if !root().join(&path).exists() {
                violations.push(format!("{}: the link to {target} leads nowhere", document.path));
            }
        }
    }
    none_of(violations);
}

fn normalised(path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => whole.push(component),
        }
    }
    whole
}
