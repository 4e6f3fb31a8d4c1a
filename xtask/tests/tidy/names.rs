//! Names that say nothing are not used.

use syn::visit::{self, Visit};
use syn::{Ident, ItemEnum, ItemMod, ItemStruct, ItemTrait};

use crate::none_of;
use crate::tree::{files, rust_files};

/// Folders, files and modules with these names could hold anything, so they end up holding everything.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "manager", "managers", "common", "impl", "misc", "v2"];

/// Types that end like this could do anything.
const EMPTY_ENDS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils"];

/// The protos of what all contracts share: the folder is named as their package must be, and so is its module.
const SHARED_CONTRACT: &[&str] = &["proto/bailiwick/common/v1/", "crates/contract/src/lib.rs"];

/// Walks through one file.
struct Walk<'a> {
    path: &'a str,
    violations: Vec<String>,
}

impl Walk<'_> {
    fn look_at(&mut self, name: &Ident, says_nothing: impl Fn(&str) -> bool) {
        if says_nothing(&name.to_string()) {
            let line = name.span().start().line;
            self.violations.push(format!("{}:{line}: `{name}` says nothing about what it is", self.path));
        }
    }
}

fn ends_empty(name: &str) -> bool {
    EMPTY_ENDS.iter().any(|end| name.ends_with(end))
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.look_at(&item.ident, ends_empty);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.look_at(&item.ident, ends_empty);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.look_at(&item.ident, ends_empty);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.look_at(&item.ident, |name| EMPTY_NAMES.contains(&name));
        visit::visit_item_mod(self, item);
    }
}

#[test]
fn no_file_or_folder_has_a_name_that_says_nothing() {
    let mut violations = Vec::new();
    for file in files() {
        if file.is_generated() || SHARED_CONTRACT.iter().any(|shared| file.path.starts_with(shared)) {
            continue;
        }
        let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
        if let Some(name) = stem.split('/').find(|name| EMPTY_NAMES.contains(name)) {
            violations.push(format!("{}: `{name}` says nothing about what is in it", file.path));
        }
    }
    none_of(violations);
}

#[test]
fn no_type_or_module_has_a_name_that_says_nothing() {
    let mut violations = Vec::new();
    for file in rust_files() {
        if SHARED_CONTRACT.contains(&file.path.as_str()) {
            continue;
        }
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut walk = Walk { path: &file.path, violations: Vec::new() };
        walk.visit_file(&parsed);
        violations.extend(walk.violations);
    }
    none_of(violations);
}
