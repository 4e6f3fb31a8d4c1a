//! Reading the files that arguments name: bounded, and with `-` for stdin.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::Failure;

/// The largest file that is read, in bytes: what the largest request may hold, twice over.
pub(crate) const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The largest secret that is read, in bytes.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// The name of a file for messages.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Reads a file, or stdin if it is `-`.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    read_at_most(path, FILE_BYTES_MAX)
}

/// Reads a secret's file, without the space around it. What it holds stands in no error.
pub(crate) fn read_secret(path: &Path) -> Result<String, Failure> {
    let text = read_at_most(path, SECRET_BYTES_MAX)?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(Failure::wrong_use(format!("{} holds nothing", shown(path))));
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = format!("{} holds more than one word, or characters that no credential has", shown(path));
        return Err(Failure::wrong_use(problem));
    }
    Ok(secret.to_owned())
}

fn read_at_most(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let unreadable = |error: io::Error| Failure::wrong_use(format!("{} cannot be read: {error}", shown(path)));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::wrong_use(format!(
            "{} has more than {bytes_max} bytes, the most that is read",
            shown(path)
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::wrong_use(format!("{} is not UTF-8 text", shown(path))))
}
