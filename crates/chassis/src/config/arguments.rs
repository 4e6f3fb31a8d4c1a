//! What a service takes on its command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A service of the access plane. Without a command it serves, until SIGTERM.
#[derive(Clone, Debug, Default, Parser)]
pub struct Arguments {
    /// The TOML file with the configuration.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// One key of the configuration, as `section.key=value`; wins over file and environment.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, global = true)]
    pub set: Vec<(String, String)>,
    /// Only say whether the configuration is right.
    #[arg(long)]
    pub check_config: bool,
    /// Only print the configuration in force, as TOML. It holds no secrets, only the files that do.
    #[arg(long)]
    pub print_config: bool,
    /// What to do; nothing: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What a service can do besides serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the database up to date, as the role that owns its tables, and end.
    Migrate,
    /// Begin another life of the database, and end: after it was restored from a backup, before the service starts again. What was
    /// given out in the life that is lost (tokens, positions in the feed, files of an index) is not taken for something of this one.
    BeginEpoch,
    /// Make a new API key for an administrator of the installation, print it, and end: when every key of theirs is lost. Identity's
    /// alone, for whoever has its configuration and its database's password.
    Recover(Recover),
}

/// Whom a new key is for.
#[derive(Clone, Debug, Args)]
pub struct Recover {
    /// The tenant. One that is there keeps its administrators, and one of its service accounts gets the key; one that is not is made
    /// anew, and its administrator administers the installation.
    pub tenant: String,
    /// The service account.
    pub administrator: String,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be section.key=value".to_owned()),
    }
}
