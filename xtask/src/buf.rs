//! `cargo xtask buf lint|breaking|baseline`: whether the contracts are well written, and whether they broke.

use std::process::Command;

use testing::parts;

use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;

/// The contracts as they were when a break was last accepted.
const BASELINE: &str = "proto/baseline.binpb";

/// Whether the contracts are written as buf's standard wants it.
pub(crate) fn lint() -> Result<()> {
    shell::run(buf()?.args(["lint", "proto"]))?;
    say!("buf: the contracts are well written");
    Ok(())
}

/// Whether the contracts still understand what was written by the baseline's clients.
pub(crate) fn breaking() -> Result<()> {
    if !tree::root().join(BASELINE).exists() {
        return Err(Error::new(format!(
            "there is no {BASELINE} to compare with: `cargo xtask buf baseline` writes it; commit it"
        )));
    }
    let broken = shell::run(buf()?.args(["breaking", "proto", "--against", BASELINE]));
    broken.map_err(|error| {
        Error::new(format!(
            "{error}\nIf the break is meant, write it into CHANGELOG.md, run `cargo xtask buf baseline` and commit."
        ))
    })?;
    say!("buf: nothing breaks what clients of the baseline send and read");
    Ok(())
}

/// Takes the contracts as they are for the ones that later ones must not break.
pub(crate) fn baseline() -> Result<()> {
    shell::run(buf()?.args(["build", "proto", "--exclude-source-info", "--output", BASELINE]))?;
    say!("buf: {BASELINE} written");
    Ok(())
}

fn buf() -> Result<Command> {
    let mut command = Command::new(parts::buf(&mut |line| say!("{line}"))?);
    command.current_dir(tree::root());
    Ok(command)
}
