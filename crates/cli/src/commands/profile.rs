//! `bailiwick profile`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use crate::answer::{Answer, Human};
use crate::arguments::ConnectionArguments;
use crate::failure::Failure;
use crate::profiles::{Profile, Profiles, Settings};
use crate::surroundings::Surroundings;
use crate::table::Table;
use crate::{target, text_file};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the profiles. The current one has a *.
    List,
    /// Shows one profile; whether it has a key, but not which.
    Show {
        /// The current one if absent.
        name: Option<String>,
    },
    /// Makes a profile from --url, --ca and --tenant, or changes those of them that are given.
    Set {
        /// [a-z0-9][a-z0-9_-]{0,62}
        name: String,
        /// The file with the API key to keep; - for stdin. A key is never taken from an argument.
        #[arg(long, value_name = "FILE")]
        api_key_file: Option<PathBuf>,
    },
    /// Makes a profile the current one.
    Use {
        /// The profile's name.
        name: String,
    },
    /// Removes a profile and its key.
    Remove {
        /// The profile's name.
        name: String,
    },
}

#[derive(Serialize)]
struct ProfileJson<'a> {
    name: &'a str,
    current: bool,
    url: Option<&'a str>,
    ca: Option<String>,
    tenant: Option<&'a str>,
    has_api_key: bool,
}

impl<'a> ProfileJson<'a> {
    fn of(profile: &'a Profile) -> Self {
        Self {
            name: &profile.name,
            current: profile.current,
            url: profile.settings.url.as_deref(),
            ca: profile.settings.ca.as_ref().map(|ca| ca.display().to_string()),
            tenant: profile.settings.tenant.as_deref(),
            has_api_key: profile.key_file().is_some(),
        }
    }
}

fn table(profiles: &[Profile]) -> Human {
    Human::Table(Table::of(["", "NAME", "URL", "TENANT", "CA", "KEY"], profiles, |profile| {
        let ProfileJson { name, current, url, ca, tenant, has_api_key } = ProfileJson::of(profile);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mark = if current { "*" } else { " " };
        let key = if has_api_key { "stored" } else { "none" };
        [mark.to_owned(), name.to_owned(), text(url), text(tenant), ca.unwrap_or_default(), key.to_owned()]
    }))
}

fn one(profile: &Profile) -> Answer {
    Answer::new(&json!({ "profile": ProfileJson::of(profile) }), table(std::slice::from_ref(profile)))
}

pub(crate) fn run(
    command: Command,
    connection: &ConnectionArguments,
    surroundings: &Surroundings,
) -> Result<Answer, Failure> {
    let mut profiles = Profiles::open(surroundings.config_folder.as_deref())?;
    match command {
        Command::List => {
            let all = profiles.all();
            let json: Vec<_> = all.iter().map(ProfileJson::of).collect();
            Ok(Answer::new(&json!({ "profiles": json }), table(&all)))
        }
        Command::Show { name } => {
            let named = name.as_deref().or(connection.profile.as_deref()).or(surroundings.profile.as_deref());
            let none = || Failure::wrong_use("no profile is current").hint("Choose one: bailiwick profile use NAME.");
            profiles.find(named)?.ok_or_else(none).map(|profile| one(&profile))
        }
        Command::Set { name, api_key_file } => {
            let settings = given(connection)?;
            let key = api_key_file.as_deref().map(text_file::read_secret).transpose()?;
            profiles.set(&name, settings, key.as_deref()).map(|profile| one(&profile))
        }
        Command::Use { name } => {
            profiles.select(&name)?;
            let shown = format!("{name} is the current profile");
            Ok(Answer::new(&json!({ "current": name }), Human::Text(shown)))
        }
        Command::Remove { name } => {
            profiles.remove(&name)?;
            let shown = format!("{name} and its key are removed here; the key itself lives on until it is revoked");
            Ok(Answer::new(&json!({ "removed": name }), Human::Text(shown)))
        }
    }
}

/// What the flags say. The environment is left out: what is stored was said.
fn given(connection: &ConnectionArguments) -> Result<Settings, Failure> {
    let unusable = |error| Failure::wrong_use(format!("--ca: {error}"));
    Ok(Settings {
        url: connection.url.as_deref().map(target::checked).transpose()?,
        // A profile is used from any folder.
        ca: connection.ca.as_deref().map(std::path::absolute).transpose().map_err(unusable)?,
        tenant: connection.tenant.clone(),
    })
}
