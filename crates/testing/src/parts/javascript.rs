//! Installs OAuth 2 clients from the JavaScript registry, pinned by version and hash: clients of a test and nothing that is served.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::{cache_folder, open_to_all, run};
use crate::error::{Doing, Error, Result};
use crate::{place, surroundings};

/// Each package with its version and the hash of what is downloaded.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("openid-client", "6.9.0", "a335ba47297b5f5de826d462a39115e9840a8b63811c7e70d6159a156fcf8903"),
    ("oauth4webapi", "3.8.8", "bac088aecc7cc80e2469b08592c8eb01b9ae6d4a749d89a6016aa54bb1533690"),
    ("jose", "6.2.18", "74f10b4021f84c0f926bcdd9fac19baf37bb6e555692fd8a106abade3ba39204"),
];

/// The folder that holds `node_modules` with openid-client, oauth4webapi and jose.
///
/// # Errors
/// If they are not there and cannot be installed.
pub fn javascript_oauth_clients(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let (name, version, _) = PACKAGES[0];
    let cache = cache_folder()?;
    let folder = cache.join(format!("{name}-{version}"));
    if folder.exists() {
        return Ok(folder);
    }
    place::create_folder(&cache)?;
    let _lock = place::lock(&cache.join(format!("{name}.lock")))?;
    if folder.exists() {
        return Ok(folder);
    }
    say(&format!("installing {name} {version} and what it needs into {}", folder.display()));
    let scratch = tempfile::tempdir_in(&cache).doing(|| format!("create a folder in {}", cache.display()))?;
    let modules = scratch.path().join("unpacked/node_modules");
    place::create_folder(&modules)?;
    for (package, version, hash) in PACKAGES {
        let archive = download(package, version, hash, scratch.path())?;
        run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(scratch.path()))?;
        let module = modules.join(package);
        std::fs::rename(scratch.path().join("package"), &module).doing(|| format!("unpack {package}"))?;
    }
    let unpacked = scratch.path().join("unpacked");
    open_to_all(&unpacked, false)?;
    std::fs::rename(&unpacked, &folder).doing(|| format!("put {} in its place", folder.display()))?;
    Ok(folder)
}

fn download(package: &str, version: &str, hash: &str, scratch: &Path) -> Result<PathBuf> {
    let mut npm = Command::new("npm");
    run(npm.args(["pack", "--silent"]).arg(format!("{package}@{version}")).arg("--pack-destination").arg(scratch))?;
    let archive = scratch.join(format!("{package}-{version}.tgz"));
    let bytes = std::fs::read(&archive).doing(|| format!("read {}", archive.display()))?;
    let found = surroundings::hexadecimal(&Sha256::digest(&bytes));
    if found == hash {
        Ok(archive)
    } else {
        Err(Error::new(format!("{package} {version} has the hash {found}, and {hash} is pinned")))
    }
}
