//! Where things are kept: in the checkout, in the machine's folders, and who may read them.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::User;
use sha2::{Digest, Sha256};

use crate::error::{Doing, Error, Result};
use crate::surroundings;

/// The root of the checkout that this was built in.
pub fn checkout() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in crates/");
    crates.parent().expect("crates/ lies in the root").to_path_buf()
}

/// The state of everything that is started from the checkout.
pub fn state_folder() -> PathBuf {
    checkout().join(".bailiwick")
}

/// The folder of a PostgreSQL server of this checkout. Root's servers run as somebody who cannot look into the checkout, so
/// theirs lies outside.
pub fn postgres_folder(name: &str) -> PathBuf {
    if surroundings::is_root() { roots_folder().join(name) } else { state_folder().join("postgres").join(name) }
}

/// The state of this checkout's Kubernetes node, which only root can have.
pub fn node_folder() -> PathBuf {
    roots_folder().join("kubernetes")
}

/// Where root keeps what others must reach, who cannot look into the checkout; or what is no part of one.
fn roots_folder() -> PathBuf {
    Path::new("/var/lib/bailiwick").join(digest(&checkout()))
}

/// Eight characters that stand for a path.
pub fn digest(path: &Path) -> String {
    surroundings::hexadecimal(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..4])
}

/// Who servers run as that refuse to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl Account {
    /// The account for servers that must not be root, if this process is root; otherwise they run as who they are.
    ///
    /// # Errors
    /// If this is root, and the machine has no user `nobody`.
    pub fn unprivileged() -> Result<Option<Self>> {
        if !surroundings::is_root() {
            return Ok(None);
        }
        let user = User::from_name("nobody").doing(|| "look up the user nobody".to_owned())?;
        let user = user.ok_or_else(|| {
            Error::new("PostgreSQL refuses to run as root, and there is no user `nobody` for it. Add one, or use an ordinary user.")
        })?;
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// Gives the file or folder to this account.
    ///
    /// # Errors
    /// If this process may not.
    pub fn own(self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .doing(|| format!("give {} to another user", path.display()))
    }
}

/// Makes the folder, and those above it, if they are missing; others may look in.
///
/// # Errors
/// If it cannot be made.
pub fn create_folder(path: &Path) -> Result<()> {
    // Whatever the umask says: PostgreSQL may have to come through here as another user.
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).doing(|| format!("create {}", path.display()))
}

/// Makes the folder if it is missing; nobody else may look in.
///
/// # Errors
/// If it cannot be made.
pub fn create_private_folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).doing(|| format!("create {}", path.display()))?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).doing(|| format!("close {} to others", path.display()))
}

/// Writes a file that nobody else may read, all or nothing.
///
/// # Errors
/// If it cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let beside = path.with_added_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(content)?;
        fs::rename(&beside, path)
    };
    write().doing(|| format!("write {}", path.display()))
}

/// Reads a text file, without its line end.
///
/// # Errors
/// If it cannot be read.
pub fn read_text(path: &Path) -> Result<String> {
    Ok(fs::read_to_string(path).doing(|| format!("read {}", path.display()))?.trim_end().to_owned())
}

/// Opens the file that a lock is taken on, and makes it if it is missing.
///
/// # Errors
/// If it cannot be opened.
pub fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .open(path)
        .doing(|| format!("open {}", path.display()))
}

/// Takes the lock, waiting for whoever has it. It is given back when the file is dropped.
///
/// # Errors
/// If it cannot be taken.
pub fn lock(path: &Path) -> Result<File> {
    let file = open_lock(path)?;
    file.lock().doing(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// Takes the lock without holding up the thread's other tasks, one of which may be the one to give it back.
///
/// # Errors
/// If it cannot be taken.
pub async fn lock_patiently(path: &Path) -> Result<File> {
    let file = open_lock(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(TryLockError::Error(error)) => return Err(error).doing(|| format!("lock {}", path.display())),
        }
    }
}

/// Removes the file or folder with all that is in it; absent is as good.
///
/// # Errors
/// If it stays.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
