//! Profiles: named settings in `config.toml`, and each profile's key in a file of its own that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The permission bits that a key file must not have: anything for the group or others.
const OTHERS: u32 = 0o077;

/// What `config.toml` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The profile that is used when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Settings>,
}

/// The settings of one profile. Each may be absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
}

/// One profile.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) settings: Settings,
    pub(crate) current: bool,
    key_file: PathBuf,
}

/// All profiles of a user.
#[derive(Debug)]
pub(crate) struct Profiles {
    folder: Option<PathBuf>,
    config: Config,
}

impl Profile {
    /// The file of its key, if it has one.
    pub(crate) fn key_file(&self) -> Option<PathBuf> {
        self.key_file.exists().then(|| self.key_file.clone())
    }

    /// Refuses a key that others can read, or could have put there.
    pub(crate) fn key_is_private(file: &Path) -> Result<(), Failure> {
        let metadata = fs::metadata(file).map_err(|error| unusable(file, &error))?;
        if metadata.mode() & OTHERS != 0 {
            return Err(Failure::wrong_use(format!("others can read the key in {}", file.display()))
                .hint(format!("Revoke it if they may have, then: chmod 600 {}", file.display())));
        }
        Ok(())
    }
}

impl Profiles {
    /// Reads the profiles; there are none if there is no file yet.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        let Some(folder) = folder else { return Ok(Self { folder: None, config: Config::default() }) };
        let file = folder.join("config.toml");
        let config = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::wrong_use(format!("{} cannot be read: {error}", file.display())))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Config::default(),
            Err(error) => return Err(unusable(&file, &error)),
        };
        Ok(Self { folder: Some(folder.to_owned()), config })
    }

    /// The profile with this name, or the current one; nothing if none is named and none is current.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Option<Profile>, Failure> {
        let Some(name) = name.or(self.config.current.as_deref()) else { return Ok(None) };
        let settings = self.config.profiles.get(name).ok_or_else(|| unknown(name))?;
        Ok(Some(self.profile(name, settings)))
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Profile> {
        self.config.profiles.iter().map(|(name, settings)| self.profile(name, settings)).collect()
    }

    /// Makes a profile, or changes the given settings of one. The first profile becomes the current one.
    pub(crate) fn set(&mut self, name: &str, settings: Settings, key: Option<&str>) -> Result<Profile, Failure> {
        checked_name(name)?;
        if let Some(key) = key {
            let file = self.key_path(name)?;
            write_private(&file, key).map_err(|error| unusable(&file, &error))?;
        }
        let stored = self.config.profiles.entry(name.to_owned()).or_default();
        stored.url = settings.url.or(stored.url.take());
        stored.ca = settings.ca.or(stored.ca.take());
        stored.tenant = settings.tenant.or(stored.tenant.take());
        let stored = stored.clone();
        self.config.current.get_or_insert_with(|| name.to_owned());
        self.save()?;
        Ok(self.profile(name, &stored))
    }

    /// Makes a profile the current one.
    pub(crate) fn select(&mut self, name: &str) -> Result<(), Failure> {
        if !self.config.profiles.contains_key(name) {
            return Err(unknown(name));
        }
        self.config.current = Some(name.to_owned());
        self.save()
    }

    /// Removes a profile and its key.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.config.profiles.remove(name).ok_or_else(|| unknown(name))?;
        self.config.current.take_if(|current| current == name);
        let file = self.key_path(name)?;
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&file, &error)),
        }
        self.save()
    }

    fn profile(&self, name: &str, settings: &Settings) -> Profile {
        let folder = self.folder.clone().unwrap_or_default();
        Profile {
            name: name.to_owned(),
            settings: settings.clone(),
            current: self.config.current.as_deref() == Some(name),
            key_file: folder.join("keys").join(name),
        }
    }

    fn key_path(&self, name: &str) -> Result<PathBuf, Failure> {
        Ok(self.folder()?.join("keys").join(name))
    }

    fn save(&self) -> Result<(), Failure> {
        let file = self.folder()?.join("config.toml");
        let text = toml::to_string(&self.config).expect("names and text are always TOML");
        write_private(&file, &text).map_err(|error| unusable(&file, &error))
    }

    fn folder(&self) -> Result<&Path, Failure> {
        self.folder.as_deref().ok_or_else(|| {
            Failure::wrong_use("it is not known where profiles would be kept").hint("Set XDG_CONFIG_HOME or HOME.")
        })
    }
}

/// A profile's name is also a file's name.
fn checked_name(name: &str) -> Result<(), Failure> {
    let inner = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    let starts = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if inner && starts && name.len() <= 63 {
        return Ok(());
    }
    Err(Failure::wrong_use(
        "the name of a profile is 1 to 63 characters of a-z, 0-9, _ and -, and begins with a letter or digit",
    ))
}

/// Replaces a file at once, so that a crash leaves the old one or the new one, and nobody else can ever read it.
pub(crate) fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut new| new.write_all(text.as_bytes()).and_then(|()| new.sync_all()))
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // What is half written is of no use to anybody; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn unknown(name: &str) -> Failure {
    Failure::wrong_use(format!("there is no profile `{}`", name.escape_debug()))
        .hint("See which there are: bailiwick profile list.")
}

fn unusable(file: &Path, error: &io::Error) -> Failure {
    Failure::wrong_use(format!("{} cannot be used: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Settings {
        Settings { url: Some(url.to_owned()), ..Settings::default() }
    }

    #[test]
    fn a_profile_reads_back_as_it_was_set_and_the_first_is_current() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(Some(folder.path())).unwrap();
        profiles.set("local", url("https://localhost:8400"), Some("secret")).unwrap();
        profiles.set("prod", url("https://access.example.com"), None).unwrap();
        let profiles = Profiles::open(Some(folder.path())).unwrap();
        let current = profiles.find(None).unwrap().unwrap();
        assert_eq!((current.name.as_str(), current.settings.url.as_deref()), ("local", Some("https://localhost:8400")));
        assert!(current.key_file().is_some());
        assert!(profiles.find(Some("prod")).unwrap().unwrap().key_file().is_none());
        assert!(profiles.find(Some("none")).is_err());
    }

    #[test]
    fn a_key_is_kept_apart_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(Some(folder.path())).unwrap();
        let profile = profiles.set("local", Settings::default(), Some("secret")).unwrap();
        let file = profile.key_file().unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(folder.path().join("config.toml")).unwrap().contains("secret"));
        Profile::key_is_private(&file).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        assert!(Profile::key_is_private(&file).is_err());
    }

    #[test]
    fn setting_a_profile_again_keeps_what_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(Some(folder.path())).unwrap();
        profiles.set("local", url("https://localhost:8400"), None).unwrap();
        let tenant = Settings { tenant: Some("acme".to_owned()), ..Settings::default() };
        let profile = profiles.set("local", tenant, None).unwrap();
        assert_eq!(profile.settings.url.as_deref(), Some("https://localhost:8400"));
        assert_eq!(profile.settings.tenant.as_deref(), Some("acme"));
    }

    #[test]
    fn a_removed_profile_takes_its_key_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(Some(folder.path())).unwrap();
        let file = profiles.set("local", Settings::default(), Some("secret")).unwrap().key_file().unwrap();
        profiles.remove("local").unwrap();
        assert!(!file.exists() && profiles.find(None).unwrap().is_none());
    }

    #[test]
    fn the_name_of_a_profile_cannot_leave_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut profiles = Profiles::open(Some(folder.path())).unwrap();
        for bad in ["", "..", "a/b", "-a", "A", &"a".repeat(64)] {
            assert!(profiles.set(bad, Settings::default(), Some("secret")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_in_the_configuration_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "[profiles.a]\nulr = 'x'\n").unwrap();
        let failure = Profiles::open(Some(folder.path())).unwrap_err();
        assert!(failure.message.contains("ulr"), "{}", failure.message);
    }
}
