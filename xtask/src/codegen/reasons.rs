//! The reasons of errors: the enum that services name them by, and a page each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::contract::FOLDER;
use super::{Files, rust};
use crate::error::{Error, Result};

const PAGES: &str = "docs/reference/errors";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    means: String,
    r#do: String,
}

pub(super) fn generate(table: &str, files: &mut Files) -> Result<()> {
    let table: BTreeMap<String, Row> =
        toml::from_str(table).map_err(|error| Error::new(format!("proto/reasons.toml: {error}")))?;
    files.insert(Path::new(FOLDER).join("reasons.rs"), rust(&source(&table))?);
    let mut index = String::from(
        "# Errors\n\nGenerated from `proto/reasons.toml`. Every error carries one of these in `google.rpc.ErrorInfo`, domain `bailiwick`.\n\n| reason | status | means |\n|---|---|---|\n",
    );
    for (name, row) in &table {
        writeln!(index, "| [{name}]({name}.md) | {} | {} |", row.code, row.means)
            .expect("a string takes what is written to it");
        let page = format!(
            "# {name}\n\nStatus: `{}`. Generated from `proto/reasons.toml`.\n\n## What it means\n\n{}\n\n## What to do\n\n{}\n",
            row.code, row.means, row.r#do
        );
        files.insert(Path::new(PAGES).join(format!("{name}.md")), page.into_bytes());
    }
    files.insert(Path::new(PAGES).join("README.md"), index.into_bytes());
    Ok(())
}

fn source(table: &BTreeMap<String, Row>) -> String {
    let mut variants = String::new();
    let mut names = String::new();
    let mut codes = String::new();
    let mut all = String::new();
    for (name, row) in table {
        let variant = camel(name);
        let code = camel(&row.code);
        writeln!(variants, "/// {}\n{variant},", row.means).expect("a string takes what is written to it");
        writeln!(names, "Self::{variant} => {name:?},").expect("a string takes what is written to it");
        writeln!(codes, "Self::{variant} => tonic::Code::{code},").expect("a string takes what is written to it");
        write!(all, "Self::{variant},").expect("a string takes what is written to it");
    }
    format!(
        "/// Why a call failed, as the caller is told. A page each: `docs/reference/errors`.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum Reason {{ {variants} }}\n\
         impl Reason {{\n/// Every reason.\npub const ALL: &[Self] = &[{all}];\n\
         /// The name that stands in `google.rpc.ErrorInfo`.\npub fn name(self) -> &'static str {{ match self {{ {names} }} }}\n\
         /// The one status code that goes with it.\npub fn code(self) -> tonic::Code {{ match self {{ {codes} }} }} }}\n"
    )
}

/// `FIELD_INVALID` as `FieldInvalid`.
fn camel(name: &str) -> String {
    name.split('_').map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase())).collect()
}
