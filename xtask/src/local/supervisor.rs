//! The process that looks after a cluster: `up` itself, or with `--detach` another one of this program in the background.

use std::future::Future;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, Stdio};
use std::time::Duration;

use testing::cluster::Step;
use testing::process::{self, Identity};
use testing::{Cluster, ClusterConfig, place};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::observe::Observing;
use super::{Settings, State, Supervisor};
use crate::error::{Error, Result};
use crate::shell::{self, say};

/// How often it is looked whether everything still runs.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A cluster that this process looks after, until it is told to stop.
pub(crate) struct Supervision {
    state: State,
    settings: Settings,
    cluster: Option<Cluster>,
    observing: Option<Observing>,
    interrupt: Signal,
    terminate: Signal,
}

impl Supervision {
    /// Takes on the cluster of this checkout. From here on Ctrl-C stops in an orderly way.
    pub(crate) fn begin(state: &State, settings: &Settings) -> Result<Self> {
        let supervision = Self {
            state: state.clone(),
            settings: settings.clone(),
            cluster: None,
            observing: None,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        };
        supervision.record(false)?;
        Ok(supervision)
    }

    pub(crate) async fn start(&mut self, config: ClusterConfig) -> Result<()> {
        if self.settings.observe {
            self.observing = Some(Observing::begin(&config, self.settings.port_base).await?);
        }
        let start = Cluster::start(config, |step: &Step| shell::done(&step.what, step.took));
        let cluster = self.unless_stopped(async { Ok(start.await?) }).await?;
        self.cluster = Some(cluster);
        self.record(true)
    }

    /// Does something, unless it is told to stop before that is done.
    pub(crate) async fn unless_stopped<T>(&mut self, does: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = does => done,
            _ = self.interrupt.recv() => Err(Error::new("stopped")),
            _ = self.terminate.recv() => Err(Error::new("stopped")),
        }
    }

    /// Waits until it is told to stop, or until something that should run does not.
    pub(crate) async fn watch(mut self) -> Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = self.interrupt.recv() => return self.stop(),
                _ = self.terminate.recv() => return self.stop(),
            }
            if let Some(cluster) = &mut self.cluster {
                cluster.check()?;
            }
        }
    }

    fn stop(&mut self) -> Result<()> {
        say!("\nstopping");
        match self.cluster.take() {
            Some(cluster) => Ok(cluster.stop()?),
            None => Ok(()),
        }
    }

    fn record(&self, is_ready: bool) -> Result<()> {
        let settings = self.settings.clone();
        self.state.keep_supervisor(&Supervisor { identity: Identity::own(), is_ready, settings })
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        // Whatever still runs stops here; that nobody looks after it must be written down last.
        drop(self.cluster.take());
        drop(self.observing.take());
        let _ = self.state.forget_supervisor();
    }
}

/// Looks after the cluster in this process: what `--detach` starts in the background.
pub(crate) async fn serve() -> Result<()> {
    let state = State::open();
    let settings =
        state.settings()?.ok_or_else(|| Error::new("there are no settings: this is started by `up --detach`"))?;
    let config = state.cluster(&settings)?;
    let mut supervision = Supervision::begin(&state, &settings)?;
    supervision.start(config).await?;
    supervision.watch().await
}

/// Starts this program in the background, and shows what it says until everything is healthy.
pub(crate) async fn start_detached(state: &State) -> Result<()> {
    let log = state.own_log();
    place::create_private_folder(log.parent().expect("the log lies in a folder"))?;
    let output = std::fs::File::create(&log)?;
    let mut command = Command::new(std::env::current_exe()?);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.arg("serve").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let mut child = command.spawn()?;
    let mut shown = std::fs::File::open(&log)?;
    loop {
        let ended = child.try_wait()?;
        let is_ready = state.supervisor()?.is_some_and(|supervisor| supervisor.is_ready);
        show_new(&mut shown)?;
        if let Some(status) = ended {
            let lines = process::last_lines(&log);
            return Err(Error::new(format!(
                "the cluster did not start, {status}. The last lines of {}:\n{lines}",
                log.display()
            )));
        }
        if is_ready {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Prints what was added to the file since the last time, whole lines only.
pub(super) fn show_new(file: &mut std::fs::File) -> Result<()> {
    let mut new = Vec::new();
    file.read_to_end(&mut new)?;
    let complete = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    shell::print(&String::from_utf8_lossy(&new[..complete]))?;
    let rest = i64::try_from(new.len() - complete).unwrap_or(0);
    file.seek(SeekFrom::Current(-rest))?;
    Ok(())
}
