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

/// The server knows what a file lists by its place in the request, people by its line: `routes[3]` becomes both.
pub(crate) fn with_lines(message: &str, list: &str, file: &str, line_of: impl Fn(usize) -> Option<usize>) -> String {
    let opened = format!("{list}[");
    let mut shown = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(&opened) {
        shown.push_str(before);
        shown.push_str(&opened);
        rest = after;
        let Some((index, behind)) = after.split_once(']') else { continue };
        let Some(line) = index.parse().ok().and_then(&line_of) else { continue };
        shown.push_str(&format!("{index}] ({file}:{line})"));
        rest = behind;
    }
    shown + rest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_of_a_place_names_its_line() {
        let line_of = |index: usize| [Some(2), None].get(index).copied().flatten();
        let message = "routes[0] \"read\": host: is not owned\nroutes[1]: y, routes[7]: x; routes[";
        let shown = with_lines(message, "routes", "r.yaml", line_of);
        let expected = "routes[0] (r.yaml:2) \"read\": host: is not owned\nroutes[1]: y, routes[7]: x; routes[";
        assert_eq!(shown, expected);
    }
}
