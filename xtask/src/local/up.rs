//! `cargo xtask up`: builds, starts everything, loads the sample, and does the main job before the reader's eyes.

use std::process::Command;
use std::time::Instant;

use clap::Args;
use testing::cluster::LogFormat;
use testing::ports::REPLICAS_MAX;
use testing::{parts, sample};

use super::supervisor::{self, Supervision};
use super::{Door, PORT_BASE, Settings, State, demonstration, observe};
use crate::error::{Error, Result};
use crate::shell::{self, say};
use crate::tree;

/// What is built for a cluster: the services, the example upstream, the command line.
pub(crate) const PACKAGES: &[&str] = &["identity", "permissions", "gate", "documents", "cli"];

/// How `up` is told what to do.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Leave it running, and come back as soon as it does.
    #[arg(long)]
    detach: bool,
    /// The first of the 100 ports that are taken; remembered. 8400 at first.
    #[arg(long, value_name = "PORT")]
    port_base: Option<u16>,
    /// Build with optimisation.
    #[arg(long)]
    release: bool,
    /// How the services' logs look: json or pretty.
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    log_format: Option<LogFormat>,
    /// How many processes of identity, permissions and gate run, from 1 to 4; remembered. 1 at first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(REPLICAS_MAX)))]
    replicas: Option<u8>,
    /// Trace every call, and show each decision and the main metrics on a page of this machine.
    #[arg(long)]
    observe: bool,
}

fn log_format(text: &str) -> std::result::Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err("must be json or pretty".to_owned()),
    }
}

/// Starts the cluster, or shows the one that runs.
pub(crate) async fn run(options: Options) -> Result<()> {
    let state = State::open();
    let began = Instant::now();
    if let Some(running) = state.supervisor()? {
        return show_running(&state, &options, &running).await;
    }
    let settings = settings(&state, &options)?;
    let config = state.cluster(&settings)?;
    build(settings.release)?;
    install_parts()?;
    let left = super::down::stop_leftovers(&state)?;
    if !left.is_empty() {
        say!("             left behind by a run that was killed, and stopped: {}", left.join(", "));
    }
    config.ports.check_free().map_err(|error| {
        Error::new(format!("{error}. Stop that, or give this cluster other ports: `cargo xtask up --port-base PORT`"))
    })?;
    state.keep_settings(&settings)?;
    if options.detach {
        supervisor::start_detached(&state).await?;
        show(&state, &settings).await?;
        say!("\nIt runs on; `cargo xtask down` stops it. All of this took {}.", shell::spoken(began.elapsed()));
        return Ok(());
    }
    let mut supervision = Supervision::begin(&state, &settings)?;
    supervision.start(config).await?;
    supervision.unless_stopped(show(&state, &settings)).await?;
    say!("\nIt runs until Ctrl-C. All of this took {}.", shell::spoken(began.elapsed()));
    supervision.watch().await
}

async fn show_running(state: &State, options: &Options, running: &super::Supervisor) -> Result<()> {
    let has_other_ports = options.port_base.is_some_and(|base| base != running.settings.port_base);
    let has_other_replicas = options.replicas.is_some_and(|replicas| replicas != running.settings.replicas);
    let is_unobserved = options.observe && !running.settings.observe;
    if has_other_ports || has_other_replicas || is_unobserved || !running.is_ready {
        let how = match (running.is_ready, has_other_ports, has_other_replicas) {
            (false, _, _) => "and not ready yet",
            (true, true, _) => "on other ports",
            (true, false, true) => "with another number of replicas",
            (true, false, false) => "and not observed",
        };
        return Err(Error::new(format!(
            "it is running already, {how} (process {}): `cargo xtask down` stops it",
            running.identity.process
        )));
    }
    say!("It is running already (process {}); what was built since then is not.", running.identity.process);
    show(state, &running.settings).await
}

fn settings(state: &State, options: &Options) -> Result<Settings> {
    let remembered = state.settings()?;
    let remembered = remembered.as_ref();
    Ok(Settings {
        port_base: options.port_base.or(remembered.map(|settings| settings.port_base)).unwrap_or(PORT_BASE),
        release: options.release,
        log_format: options.log_format.or(remembered.map(|settings| settings.log_format)).unwrap_or(LogFormat::Json),
        replicas: options.replicas.or(remembered.map(|settings| settings.replicas)).unwrap_or(1),
        observe: options.observe,
    })
}

/// Builds everything that a cluster is made of.
pub(crate) fn build(release: bool) -> Result<()> {
    let mut cargo = Command::new(shell::cargo());
    cargo.current_dir(tree::root()).args(["build", "--bins"]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    if release {
        cargo.arg("--release");
    }
    let (built, took) = shell::timed(|| shell::run(&mut cargo));
    built?;
    shell::done("the services, the example upstream and the command line are built", took);
    Ok(())
}

fn install_parts() -> Result<()> {
    let mut say = |line: &str| say!("    {line}");
    let (installed, took) = shell::timed(|| parts::envoy(&mut say).and_then(|_| parts::postgres(&mut say)));
    installed?;
    shell::done("Envoy and PostgreSQL are in the cache", took);
    Ok(())
}

/// Loads the sample, does the main job, and says what else to try.
async fn show(state: &State, settings: &Settings) -> Result<()> {
    let began = Instant::now();
    let door = Door::of(state, settings)?;
    let is_new = sample::load(&door.gateway("localhost")?, &state.files().bootstrap_secret(), &door.keys).await?;
    shell::done(if is_new { "the sample is loaded" } else { "the sample was loaded before" }, began.elapsed());
    demonstration::run(&door).await?;
    shell::print(&things_to_try(settings.port_base))?;
    if settings.observe {
        say!(
            "\nEvery call is traced: {} shows each decision, and the main metrics.",
            observe::address(settings.port_base)
        );
    }
    Ok(())
}

fn things_to_try(port: u16) -> String {
    format!(
        r#"
Three things to try, in this folder:

  1. Read a document as alice, then as nobody:
       eval "$(cargo xtask env)"
       curl --cacert "$BAILIWICK_CA" -H "authorization: Bearer $(cat .bailiwick/keys/alice)" https://documents.localhost:{port}/v1/documents/roadmap
       curl --cacert "$BAILIWICK_CA" -i https://documents.localhost:{port}/v1/documents/roadmap

  2. Ask who may do what, as the administrator of acme:
       bailiwick check document:roadmap view user:alice
       bailiwick route test documents.localhost PUT /v1/documents/roadmap --as user:carol

  3. Let dave in, and out again:
       bailiwick relationship touch document:roadmap#viewer@user:dave
       bailiwick check document:roadmap view user:dave
       bailiwick relationship delete document:roadmap#viewer@user:dave
"#
    )
}
