//! `cargo xtask envoy render`: the gateway's configuration for a cluster, from the same text as a laptop's.

use std::path::PathBuf;

use clap::Args;
use testing::envoy::Settings;

use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The settings, as deploy/envoy/gateway.toml has them.
    #[arg(long)]
    settings: PathBuf,
    /// Where to write the configuration, and what it reads beside it. Without this, the configuration alone is printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn render(options: &Options) -> Result<()> {
    let file = options.settings.display();
    let text = std::fs::read_to_string(&options.settings).map_err(|error| Error::new(format!("{file}: {error}")))?;
    let settings = Settings::parse(&text).map_err(|error| Error::new(format!("{file}: {error}")))?;
    match &options.out {
        Some(out) => settings.write(out)?,
        None => print!("{}", settings.render()?),
    }
    Ok(())
}
