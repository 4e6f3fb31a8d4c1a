//! What every function is held to: its length, and that it does not panic where it can fail.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ExprMethodCall, ImplItemFn, ItemFn, ItemMod, Signature};

use crate::none_of;
use crate::tree::rust_files;

/// No function is longer, from its first line to its last; tests included.
const LINES_MAX: usize = 70;

/// Walks through one file.
struct Walk<'a> {
    path: &'a str,
    in_tests: bool,
    violations: Vec<String>,
}

impl Walk<'_> {
    fn measure(&mut self, signature: &Signature, block: &Block) {
        let lines = block.span().end().line + 1 - signature.span().start().line;
        if lines > LINES_MAX {
            let (path, name) = (self.path, &signature.ident);
            self.violations.push(format!("{path}: {name} has {lines} lines, and {LINES_MAX} are the most"));
        }
    }

    fn within(&mut self, attributes: &[Attribute], walk: impl FnOnce(&mut Self)) {
        let before = self.in_tests;
        self.in_tests |= attributes.iter().any(is_for_tests);
        walk(self);
        self.in_tests = before;
    }
}

/// `#[cfg(test)]`, `#[test]`, `#[tokio::test]` and their like.
fn is_for_tests(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    last == "test" || (last == "cfg" && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test")))
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(&function.attrs, |walk| visit::visit_item_fn(walk, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(&function.attrs, |walk| visit::visit_impl_item_fn(walk, function));
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.within(&module.attrs, |walk| visit::visit_item_mod(walk, module));
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "unwrap" && !self.in_tests {
            let line = call.method.span().start().line;
            self.violations
                .push(format!("{}:{line}: unwrap; say why it holds with expect, or return the error", self.path));
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[test]
fn functions_are_short_and_do_not_unwrap_outside_tests() {
    let mut violations = Vec::new();
    for file in rust_files() {
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut walk = Walk { path: &file.path, in_tests: file.is_test(), violations: Vec::new() };
        walk.visit_file(&parsed);
        violations.extend(walk.violations);
    }
    none_of(violations);
}
