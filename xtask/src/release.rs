//! `cargo xtask release VERSION`: cuts a release. Sets the version everywhere, closes the changelog's section, commits, and tags.
//! Nothing leaves the machine: whoever cuts it looks at it and pushes.

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;

const UNRELEASED: &str = "## Unreleased\n";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// MAJOR.MINOR.PATCH, above the one before.
    version: String,
    /// The day, as YYYY-MM-DD; that of the newest commit if absent.
    #[arg(long)]
    date: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    cut(&tree::root(), &options.version, options.date.as_deref())?;
    say!("v{0} is tagged. Look at it with `git show v{0}`, then push: git push origin HEAD v{0}", options.version);
    Ok(())
}

fn cut(root: &Path, version: &str, date: Option<&str>) -> Result<()> {
    let git = |arguments: &[&str]| said(Command::new("git").current_dir(root).args(arguments));
    if !git(&["status", "--porcelain"])?.is_empty() {
        return Err(Error::new("the tree has changes that are not committed: a release is made of what is"));
    }
    let date = match date {
        Some(date) => date.to_owned(),
        None => git(&["show", "--no-patch", "--format=%cs", "HEAD"])?,
    };
    let read = |path: &str| fs::read_to_string(root.join(path));
    let manifest = read("Cargo.toml")?;
    let before = between(&manifest, "\nversion = \"", "\"").ok_or_else(|| Error::new("Cargo.toml has no version"))?;
    if numbers(version)? <= numbers(before)? {
        return Err(Error::new(format!("{version} is not above {before}")));
    }
    let chart = "helm/bailiwick/Chart.yaml";
    let changes = [
        (
            "Cargo.toml",
            manifest.replacen(&format!("\nversion = \"{before}\""), &format!("\nversion = \"{version}\""), 1),
        ),
        ("CHANGELOG.md", closed(&read("CHANGELOG.md")?, version, &date)?),
        (
            chart,
            read(chart)?
                .replace(&format!("\nversion: {before}\n"), &format!("\nversion: {version}\n"))
                .replace(&format!("\nappVersion: {before}\n"), &format!("\nappVersion: {version}\n")),
        ),
    ];
    for (path, text) in &changes {
        if *text == read(path)? {
            return Err(Error::new(format!("{path} does not have the version {before}")));
        }
        fs::write(root.join(path), text)?;
    }
    // The lock file has the members' versions, and nothing else changes in it.
    shell::run(Command::new(shell::cargo()).current_dir(root).args(["update", "--workspace", "--offline", "--quiet"]))?;
    git(&["add", "Cargo.toml", "Cargo.lock", "CHANGELOG.md", chart])?;
    git(&["commit", "--quiet", "--message", &format!("Release {version}")])?;
    git(&["tag", "--annotate", "--message", &format!("Bailiwick {version}"), &format!("v{version}")])?;
    Ok(())
}

/// The changelog with what is unreleased under the version, and an empty section above it.
fn closed(changelog: &str, version: &str, date: &str) -> Result<String> {
    let (head, rest) =
        changelog.split_once(UNRELEASED).ok_or_else(|| Error::new("CHANGELOG.md has no section Unreleased"))?;
    let section = rest.split("\n## ").next().unwrap_or_default();
    if !section.contains("\n- ") {
        return Err(Error::new("CHANGELOG.md says nothing under Unreleased: there is nothing to release"));
    }
    Ok(format!("{head}{UNRELEASED}\n## {version} - {date}\n{rest}"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

fn numbers(version: &str) -> Result<[u32; 3]> {
    let parts: Vec<u32> = version.split('.').map(str::parse).collect::<std::result::Result<_, _>>().unwrap_or_default();
    parts.try_into().map_err(|_| Error::new(format!("{version:?} is not MAJOR.MINOR.PATCH")))
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::new(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clone with what a release changes.
    fn clone() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"one\"]\nresolver = \"3\"\n\n[workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
        write("one/Cargo.toml", "[package]\nname = \"one\"\nversion.workspace = true\nedition.workspace = true\n");
        write("one/src/lib.rs", "//! One.\n");
        write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n");
        write("helm/bailiwick/Chart.yaml", "name: bailiwick\nversion: 0.1.0\nappVersion: 0.1.0\n");
        let lock =
            Command::new(shell::cargo()).current_dir(folder.path()).args(["generate-lockfile", "--offline"]).status();
        assert!(lock.unwrap().success());
        for arguments in [
            &["init", "--quiet"] as &[&str],
            &["config", "user.name", "Somebody"],
            &["config", "user.email", "somebody@example.com"],
            &["add", "--all"],
            &["commit", "--quiet", "--message", "All"],
        ] {
            assert!(Command::new("git").current_dir(folder.path()).args(arguments).status().unwrap().success());
        }
        folder
    }

    #[test]
    fn a_release_sets_the_version_everywhere_and_tags_it() {
        let folder = clone();
        cut(folder.path(), "0.2.0", Some("2026-11-25")).unwrap();
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(
            read("Cargo.toml").contains("version = \"0.2.0\"") && read("Cargo.lock").contains("version = \"0.2.0\"")
        );
        assert!(read("helm/bailiwick/Chart.yaml").contains("\nversion: 0.2.0\nappVersion: 0.2.0\n"));
        assert!(read("CHANGELOG.md").contains("## Unreleased\n\n## 0.2.0 - 2026-11-25\n\n### Added\n\n- A thing.\n"));
        let tagged = said(Command::new("git").current_dir(folder.path()).args(["describe", "--exact-match"])).unwrap();
        assert_eq!(tagged, "v0.2.0");
        let left = said(Command::new("git").current_dir(folder.path()).args(["status", "--porcelain"])).unwrap();
        assert_eq!(left, "");
        let error = cut(folder.path(), "0.3.0", None).unwrap_err().to_string();
        assert!(error.contains("nothing to release"), "{error}");
    }

    #[test]
    fn a_release_that_cannot_be_changes_nothing() {
        let folder = clone();
        for version in ["0.1.0", "0.0.9", "1.0", "v1.0.0"] {
            cut(folder.path(), version, None).unwrap_err();
        }
        fs::write(folder.path().join("more"), "more").unwrap();
        let error = cut(folder.path(), "0.2.0", None).unwrap_err().to_string();
        assert!(error.contains("not committed"), "{error}");
        assert!(fs::read_to_string(folder.path().join("Cargo.toml")).unwrap().contains("0.1.0"));
    }
}
