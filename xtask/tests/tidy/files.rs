//! What every file is held to: its first line, its length.

use crate::none_of;
use crate::tree::{TextFile, files, rust_files};

/// Text that is YAML only once it is filled in.
const TEMPLATES: &[&str] = &["deploy/envoy/", "helm/bailiwick/templates/"];

/// No file is longer.
const LINES_MAX: usize = 600;

/// Nine in ten files are shorter, tests apart.
const LINES_OF_MOST_MAX: usize = 350;

/// Half of the files are shorter, tests apart.
const LINES_MEDIAN_MAX: usize = 150;

#[test]
fn every_file_opens_with_a_line_that_says_what_it_is() {
    none_of(
        rust_files()
            .iter()
            .filter(|file| {
                !file.text.starts_with("//! ") || file.text.lines().next().is_some_and(|line| line.len() < 12)
            })
            .map(|file| format!("{}: the first line must be `//! ` and say what the file is", file.path))
            .collect(),
    );
}

#[test]
fn no_file_is_too_long() {
    none_of(
        rust_files()
            .iter()
            .filter(|file| file.line_count() > LINES_MAX)
            .map(|file| format!("{}: {} lines, and {LINES_MAX} are the most", file.path, file.line_count()))
            .collect(),
    );
}

#[test]
fn most_files_are_short() {
    let files = rust_files();
    let mut lines: Vec<usize> = files.iter().filter(|file| !file.is_test()).map(TextFile::line_count).collect();
    lines.sort_unstable();
    let (median, most) = (lines[lines.len() / 2], lines[lines.len() * 9 / 10]);
    assert!(
        median < LINES_MEDIAN_MAX,
        "half of the files have {median} lines or more; {LINES_MEDIAN_MAX} are the limit"
    );
    assert!(most < LINES_OF_MOST_MAX, "one in ten files has {most} lines or more; {LINES_OF_MOST_MAX} are the limit");
}

#[test]
fn no_module_is_named_by_its_folder_alone() {
    let files = rust_files();
    let named = files.iter().filter(|file| file.path.ends_with("/mod.rs"));
    none_of(named.map(|file| format!("{}: name it after the module, beside the folder", file.path)).collect());
}

#[test]
fn nothing_is_allowed_that_is_not_expected() {
    // In two halves, so that this file does not find itself.
    let attributes = [concat!("#[", "allow("), concat!("#![", "allow(")];
    let files = rust_files();
    let allowing = files.iter().filter(|file| attributes.iter().any(|attribute| file.text.contains(attribute)));
    none_of(
        allowing.map(|file| format!("{}: write #[expect(lint, reason = \"…\")] instead of allow", file.path)).collect(),
    );
}

#[test]
fn every_file_in_yaml_can_be_read() {
    let files = files();
    let is_yaml = |file: &&TextFile| file.path.ends_with(".yaml") || file.path.ends_with(".yml");
    let whole =
        files.iter().filter(is_yaml).filter(|file| !TEMPLATES.iter().any(|folder| file.path.starts_with(folder)));
    let problem = |file: &TextFile| {
        serde_norway::Deserializer::from_str(&file.text)
            .find_map(|document| <serde_norway::Value as serde::Deserialize>::deserialize(document).err())
            .map(|error| format!("{}: {error}", file.path))
    };
    none_of(whole.filter_map(problem).collect());
}
