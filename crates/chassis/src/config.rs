//! Configuration: defaults, then a TOML file, then the environment, then flags; unknown keys are refused.
//!
//! The environment names a key as `BAILIWICK_SERVICE__SECTION__KEY`, for example
//! `BAILIWICK_IDENTITY__SERVER__LISTEN`; a flag as `--set section.key=value`. Secrets are never values: a key that ends in
//! `_file` names the file that holds one, so a configuration can be printed as it is.

mod arguments;
mod sections;

use std::collections::BTreeMap;

use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::{Figment, Provider as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use arguments::{Arguments, Command, Recover};
pub use sections::{
    ADDRESSES_MAX, Addresses, DatabaseConfig, LogFormat, PeerConfig, ServerConfig, TelemetryConfig, TlsConfig,
};

use crate::start::StartError;

/// A service's own section, named after the service.
pub trait ServiceConfig: DeserializeOwned + Serialize + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that names the key and says what it must be.
    fn validate(&self) -> Result<(), String>;
}

/// The whole configuration of a service whose own section is `S`.
#[derive(Clone, Debug, Serialize)]
pub struct Config<S> {
    /// Where the service listens, and how it ends.
    pub server: ServerConfig,
    /// Its certificate, and whose it believes.
    pub tls: TlsConfig,
    /// Its database.
    pub database: DatabaseConfig,
    /// Its logs and traces.
    pub telemetry: TelemetryConfig,
    /// The other services that it calls or follows, by name.
    pub peers: BTreeMap<String, PeerConfig>,
    /// Its own section.
    pub service: S,
}

impl<S: ServiceConfig> Config<S> {
    /// Reads the configuration of the service with this name.
    ///
    /// # Errors
    /// [`StartError::Config`], which names the key, where it comes from, and what it must be.
    pub fn load(service: &str, arguments: &Arguments) -> Result<Self, StartError> {
        let mut figment = Figment::new();
        if let Some(file) = &arguments.config {
            if !file.is_file() {
                return Err(StartError::Config(format!("there is no file {}", file.display())));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let prefix = format!("BAILIWICK_{}__", service.to_uppercase());
        figment = figment.merge(Env::prefixed(&prefix).split("__"));
        for (key, value) in &arguments.set {
            figment = figment.merge(Serialized::global(key, parse_value(value)));
        }
        Self::extract(service, &figment)
    }

    fn extract(service: &str, figment: &Figment) -> Result<Self, StartError> {
        refuse_unknown_sections(service, figment)?;
        let config = Self {
            server: section(figment, "server")?,
            tls: section(figment, "tls")?,
            database: section(figment, "database")?,
            telemetry: section(figment, "telemetry")?,
            peers: section(figment, "peers")?,
            service: section(figment, service)?,
        };
        config.server.validate()?;
        config.database.validate()?;
        config.telemetry.validate()?;
        for (name, peer) in &config.peers {
            peer.validate(name)?;
        }
        config.service.validate().map_err(|problem| StartError::Config(format!("{service}: {problem}")))?;
        Ok(config)
    }

    /// The configuration in force, as TOML that could be read again.
    pub fn to_toml(&self, service: &str) -> String {
        let mut table = toml::Table::try_from(self).unwrap_or_default();
        if let Some(own) = table.remove("service") {
            table.insert(service.to_owned(), own);
        }
        toml::to_string_pretty(&table).unwrap_or_default()
    }
}

/// A flag's value, as TOML would read it; anything else is text.
fn parse_value(text: &str) -> figment::value::Value {
    let quoted = || figment::value::Value::from(text);
    toml::from_str::<toml::Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .and_then(|value| figment::value::Value::serialize(value).ok())
        .unwrap_or_else(quoted)
}

fn refuse_unknown_sections(service: &str, figment: &Figment) -> Result<(), StartError> {
    let known = ["server", "tls", "database", "telemetry", "peers", service];
    let data = figment.data().map_err(|error| StartError::Config(error.to_string()))?;
    for key in data.values().flat_map(|profile| profile.keys()) {
        if !known.contains(&key.as_str()) {
            return Err(StartError::Config(format!(
                "there is no section {key:?}; the sections are {}",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

fn section<T: DeserializeOwned>(figment: &Figment, name: &str) -> Result<T, StartError> {
    let empty = Figment::new().merge(Serialized::global(name, BTreeMap::<String, String>::new()));
    empty.merge(figment).extract_inner(name).map_err(|error| StartError::Config(faults(name, error)))
}

/// Every fault in one line: which key, what is wrong, and where the value comes from.
fn faults(section: &str, error: figment::Error) -> String {
    let faults = error.into_iter().map(|fault| {
        // The section stands somewhere in the path, or nowhere, depending on how deep the fault lies.
        let keys = fault.path.iter().map(String::as_str).filter(|key| *key != section);
        let key = std::iter::once(section).chain(keys).collect::<Vec<_>>().join(".");
        let source = fault.metadata.as_ref().map(|metadata| {
            let source = metadata.source.as_ref();
            match source.and_then(figment::Source::file_path) {
                Some(file) => format!(" (in {})", file.display()),
                None if source.is_some_and(|source| source.code_location().is_some()) => {
                    " (in a --set flag)".to_owned()
                }
                None => " (in the environment)".to_owned(),
            }
        });
        let missing = matches!(fault.kind, figment::error::Kind::MissingField(_));
        format!("{key}: {}{}", fault.kind, if missing { String::new() } else { source.unwrap_or_default() })
    });
    faults.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
