//! What is in an image: files by their paths, in an order that does not change.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tar::{Builder, EntryType, Header};

use crate::error::{Error, Result};

/// Who processes in images are: nobody in particular, and never root.
pub(super) const USER: u32 = 65532;

/// Where the machine keeps the authorities that it believes.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Something with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Folder { mode: u32 },
    File { content: Vec<u8>, mode: u32 },
    Link { target: PathBuf },
}

/// The files of an image, by paths without a leading slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    entries: BTreeMap<PathBuf, Entry>,
}

impl Contents {
    /// What every image has: a user, a place for passing things, and the authorities that a TLS client believes.
    pub(super) fn of_a_user() -> Result<Self> {
        let mut contents = Self::default();
        contents.put("/tmp", Entry::Folder { mode: 0o1777 });
        contents.write("/etc/passwd", &format!("bailiwick:x:{USER}:{USER}::/tmp:/bin/sh\n"));
        contents.write("/etc/group", &format!("bailiwick:x:{USER}:\n"));
        contents.write("/etc/nsswitch.conf", "hosts: files dns\n");
        if Path::new(AUTHORITIES).exists() {
            contents.copy(Path::new(AUTHORITIES), AUTHORITIES)?;
        }
        Ok(contents)
    }

    /// A text file.
    pub(super) fn write(&mut self, at: &str, text: &str) {
        self.put(at, Entry::File { content: text.as_bytes().to_vec(), mode: 0o644 });
    }

    /// A symbolic link.
    pub(super) fn link(&mut self, at: &str, target: &str) {
        self.put(at, Entry::Link { target: PathBuf::from(target) });
    }

    /// A file of the machine; executable if it is so here.
    pub(super) fn copy(&mut self, from: &Path, at: impl AsRef<Path>) -> Result<()> {
        let unreadable = |error: std::io::Error| Error::new(format!("{}: {error}", from.display()));
        let is_program = fs::metadata(from).map_err(unreadable)?.permissions().mode() & 0o111 != 0;
        let content = fs::read(from).map_err(unreadable)?;
        self.put(at, Entry::File { content, mode: if is_program { 0o755 } else { 0o644 } });
        Ok(())
    }

    /// A folder of the machine, with those files of it that are wanted.
    pub(super) fn copy_folder(&mut self, from: &Path, at: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
        for entry in fs::read_dir(from).map_err(|error| Error::new(format!("{}: {error}", from.display())))? {
            let path = entry?.path();
            let at = at.join(path.file_name().expect("an entry of a folder has a name"));
            if path.is_dir() {
                self.copy_folder(&path, &at, is_wanted)?;
            } else if is_wanted(&path) {
                self.copy(&path, at)?;
            }
        }
        Ok(())
    }

    /// A program, without what only a debugger reads, and all libraries that it is linked to. Answers these.
    pub(super) fn program(&mut self, from: &Path, at: &str) -> Result<Vec<PathBuf>> {
        let stripped = tempfile::NamedTempFile::new()?;
        let mut strip = Command::new("strip");
        crate::shell::run(strip.args(["--strip-debug", "-o"]).arg(stripped.path()).arg(from))?;
        self.put(at, Entry::File { content: fs::read(stripped.path())?, mode: 0o755 });
        let libraries = libraries(from)?;
        for library in &libraries {
            self.copy(library, library)?;
        }
        Ok(libraries)
    }

    /// A program as it is, and the libraries of the machine that it is linked to; those that lie with it are packed otherwise.
    pub(super) fn copy_linked(&mut self, from: &Path, at: &str) -> Result<()> {
        self.copy(from, at)?;
        let own = from.parent().and_then(Path::parent).and_then(Path::parent).unwrap_or(from);
        for library in libraries(from)?.iter().filter(|library| !library.starts_with(own)) {
            self.copy(library, library)?;
        }
        Ok(())
    }

    /// Writes all of it as a layer: no clock, no name of this machine, no order of a folder's goes into it.
    pub(super) fn layer(&self) -> Result<Vec<u8>> {
        let mut archive = Builder::new(Vec::new());
        for (path, entry) in &self.entries {
            let mut header = Header::new_gnu();
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            match entry {
                Entry::Folder { mode } => {
                    header.set_entry_type(EntryType::Directory);
                    header.set_mode(*mode);
                    archive.append_data(&mut header, path, std::io::empty())?;
                }
                Entry::File { content, mode } => {
                    header.set_entry_type(EntryType::Regular);
                    header.set_mode(*mode);
                    header.set_size(content.len().try_into()?);
                    archive.append_data(&mut header, path, content.as_slice())?;
                }
                Entry::Link { target } => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_mode(0o777);
                    archive.append_link(&mut header, path, target)?;
                }
            }
        }
        Ok(archive.into_inner()?)
    }

    fn put(&mut self, at: impl AsRef<Path>, entry: Entry) {
        let at = at.as_ref();
        let at = at.strip_prefix("/").unwrap_or(at).to_owned();
        // A folder comes before what is in it.
        for folder in at.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            self.entries.entry(folder.to_owned()).or_insert(Entry::Folder { mode: 0o755 });
        }
        self.entries.insert(at, entry);
    }
}

/// The files that the loader would take for the program, as it says itself.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if text.contains("not a dynamic executable") || text.contains("statically linked") {
        return Ok(Vec::new());
    }
    let mut libraries = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.contains("not found") || !output.status.success() {
            return Err(Error::new(format!("{}: {line}", program.display())));
        }
        // `libm.so.6 => /lib/libm.so.6 (0x…)`, or `/lib64/ld-linux.so.2 (0x…)`; the kernel's own has no path.
        let path = line.split_once("=> ").map_or(line, |(_, path)| path);
        if path.starts_with('/') {
            libraries.push(PathBuf::from(path.split(" (").next().unwrap_or(path)));
        }
    }
    Ok(libraries)
}
