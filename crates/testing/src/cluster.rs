//! The whole cluster: PostgreSQL, the services, the example upstream and Envoy, as one value that stops with it.

mod files;
mod observation;
mod part;
mod progress;
mod readiness;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Doing, Error, Result};
use crate::ports::Ports;
use crate::postgres::{self, Durability, Server};
use crate::process::{self, Folders, Signal, Supervised};
use crate::{database, envoy, parts, place};

pub use files::{Files, clear_abandoned};
pub use observation::{is_healthy, metrics_of, newest_snapshot, process_of, whereabouts};
pub use part::{Member, Part, SERVICES};
pub use progress::Step;
pub use settings::LogFormat;

/// How a cluster is set up.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Keys, certificates, configurations, logs and records of processes lie in here.
    pub state: PathBuf,
    /// PostgreSQL's files lie in here.
    pub postgres: PathBuf,
    /// Whether the databases survive a crash of the machine.
    pub durability: Durability,
    /// Where everything listens.
    pub ports: Ports,
    /// Where the services' binaries lie.
    pub binaries: PathBuf,
    /// How the services' logs look.
    pub log_format: LogFormat,
    /// Where spans are collected, if they are.
    pub spans: Option<Spans>,
    /// Further settings of a service, as `section.key=value`.
    pub overrides: BTreeMap<Part, Vec<String>>,
    /// Further variables in the environment of a service's process, for those that are started after they are set.
    pub environment: BTreeMap<Member, Vec<(String, String)>>,
}

/// What is traced, and for whom. A caller of the gateway may say that its call is.
#[derive(Clone, Copy, Debug)]
pub struct Spans {
    /// The collector's port on this machine.
    pub port: u16,
    /// How many of a hundred calls are traced of those that come to the gateway without a trace.
    pub sampled_percent: f64,
}

impl ClusterConfig {
    /// A cluster for a test, on free ports, with files of its own and so many processes of each service. Files of tests that were
    /// killed are cleared away first.
    ///
    /// # Errors
    /// If there are no free ports or the files of others cannot be cleared away.
    pub fn for_test(name: &str, replicas: u8) -> Result<Self> {
        // Held until the folder says whose it is: one without an owner is taken for abandoned.
        let _claim = files::lock_tests()?;
        files::clear_unowned()?;
        // A name for each: the one before may still be stopping.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let state = files::tests_folder().join(&name);
        let postgres = place::postgres_folder(&name);
        place::remove(&state)?;
        postgres::remove(&postgres)?;
        files::own(&state)?;
        Ok(Self {
            state,
            postgres,
            durability: Durability::Fast,
            ports: Ports::free(replicas)?,
            binaries: built_binaries(),
            log_format: LogFormat::Json,
            spans: None,
            overrides: BTreeMap::new(),
            environment: BTreeMap::new(),
        })
    }

    /// Every process, in the order in which they start.
    pub fn members(&self) -> Vec<Member> {
        Part::ALL.into_iter().flat_map(|part| part.members(self.ports.replicas())).collect()
    }

    fn folders(&self) -> Folders {
        Folders { logs: self.state.join("logs"), records: self.state.join("processes") }
    }
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    config: ClusterConfig,
    files: Files,
    server: Server,
    running: BTreeMap<Member, Supervised>,
}

/// The folder with the binaries of this build, beside the program that asks.
pub fn built_binaries() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(&program);
    // Test programs lie one folder deeper.
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_path_buf() } else { folder.to_path_buf() }
}

impl Cluster {
    /// Starts everything, and waits until each part is healthy.
    ///
    /// # Errors
    /// The first thing that does not work; what was started by then is stopped.
    pub async fn start(config: ClusterConfig, mut progress: impl FnMut(&Step)) -> Result<Self> {
        let mut clock = progress::Stopwatch::start(&mut progress);
        files::own(&config.state)?;
        process::stop_leftovers(&config.folders().records)?;
        postgres::stop(&config.postgres);
        config.ports.check_free()?;
        files::rotate_logs(&config.folders().logs)?;
        parts::envoy(&mut |line| eprintln!("{line}"))?;
        let server = Server::prepare(&config.postgres, config.durability, &mut |line| eprintln!("{line}"))?;
        clock.done("Envoy and PostgreSQL are installed");
        let files = Files::keep(&config)?;
        clock.done("keys and certificates are made");

        let mut cluster = Self { config, files, server, running: BTreeMap::new() };
        cluster.launch(Part::Postgres.into())?;
        cluster.wait_until_ready(Part::Postgres.into()).await?;
        clock.done("PostgreSQL accepts connections");
        for service in SERVICES {
            database::keep_database(&cluster.server, service.name(), &cluster.files.passwords()).await?;
        }
        clock.done("each service has its database and its two roles");
        for service in SERVICES {
            for member in service.members(cluster.config.ports.replicas()) {
                cluster.files.write_service(&cluster.config, &cluster.server, member)?;
            }
            cluster.migrate(service)?;
        }
        clock.done("the databases are migrated");
        // All at once, since some wait for others; then each is waited for.
        let of_the_plane = |member: &Member| member.part != Part::Postgres && member.part != Part::Envoy;
        let members: Vec<Member> = cluster.config.members().into_iter().filter(of_the_plane).collect();
        for member in &members {
            cluster.launch(*member)?;
        }
        for member in members {
            cluster.wait_until_ready(member).await?;
            clock.done(&format!("{} is ready", member.name()));
        }
        cluster.files.write_gateway(&cluster.config)?;
        cluster.launch(Part::Envoy.into())?;
        cluster.wait_until_ready(Part::Envoy.into()).await?;
        clock.done("Envoy is ready");
        Ok(cluster)
    }

    /// How it was set up.
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// How it is set up, for what is started from now on.
    pub fn config_mut(&mut self) -> &mut ClusterConfig {
        &mut self.config
    }

    /// Its keys, certificates and logs.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Its PostgreSQL.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The gateway's URL.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.config.ports.gateway)
    }

    /// Makes sure that everything runs.
    ///
    /// # Errors
    /// If something has ended: with the last lines that it wrote.
    pub fn check(&mut self) -> Result<()> {
        self.running.values_mut().try_for_each(Supervised::check)
    }

    /// Ends a process at once, as a crash would. A part stands for its first process.
    ///
    /// # Errors
    /// If the operating system does not say that it ended.
    pub fn kill(&mut self, member: impl Into<Member>) -> Result<()> {
        match self.running.get_mut(&member.into()) {
            Some(child) => child.kill(),
            None => Ok(()),
        }
    }

    /// Stops a process in an orderly way.
    ///
    /// # Errors
    /// If the operating system does not say that it ended.
    pub fn stop_member(&mut self, member: impl Into<Member>) -> Result<()> {
        match self.running.remove(&member.into()) {
            Some(mut child) => child.stop(),
            None => Ok(()),
        }
    }

    /// Starts a process anew, after a [`Self::kill`] or instead of the one that runs, and waits until it is healthy.
    ///
    /// # Errors
    /// If it does not become healthy.
    pub async fn restart(&mut self, member: impl Into<Member>) -> Result<()> {
        let member = member.into();
        self.stop_member(member)?;
        self.launch(member)?;
        self.wait_until_ready(member).await
    }

    /// Begins another epoch of a service's database, as an operator does after a restore. The service must be stopped.
    ///
    /// # Errors
    /// What the service says.
    pub fn begin_epoch(&self, service: Part) -> Result<()> {
        let mut command = self.files.service_command(&self.config, service.into());
        command.arg("begin-epoch");
        run_to_its_end(command, "begin another epoch", service).map(drop)
    }

    /// A new API key for a service account, as an operator makes one who has lost all.
    ///
    /// # Errors
    /// What identity says.
    pub fn recover(&self, tenant: &str, administrator: &str) -> Result<String> {
        let mut command = self.files.service_command(&self.config, Part::Identity.into());
        command.args(["recover", tenant, administrator]);
        Ok(run_to_its_end(command, "recover", Part::Identity)?.trim_end().to_owned())
    }

    /// Lets a process and its children stand still, with its connections open.
    pub fn pause(&self, member: impl Into<Member>) {
        if let Some(child) = self.running.get(&member.into()) {
            child.signal(Signal::SIGSTOP);
        }
    }

    /// Lets a process go on after [`Self::pause`].
    pub fn resume(&self, member: impl Into<Member>) {
        if let Some(child) = self.running.get(&member.into()) {
            child.signal(Signal::SIGCONT);
        }
    }

    /// Stops everything, the last started first.
    ///
    /// # Errors
    /// If the operating system does not say that something ended; everything else is stopped all the same.
    pub fn stop(mut self) -> Result<()> {
        self.stop_all()
    }

    fn stop_all(&mut self) -> Result<()> {
        // All services at once, since each of several serves on for a while.
        for (_, child) in self.running.iter().filter(|(member, _)| SERVICES.contains(&member.part)) {
            child.signal(Signal::SIGTERM);
        }
        let mut all = Ok(());
        for member in self.config.members().into_iter().rev() {
            all = all.and(self.stop_member(member));
        }
        all
    }

    fn launch(&mut self, member: Member) -> Result<()> {
        let command = match member.part {
            Part::Postgres => self.server.command(),
            Part::Identity | Part::Permissions | Part::Gate => self.files.service_command(&self.config, member),
            Part::Documents => self.files.documents_command(&self.config),
            Part::Envoy => envoy::command(&parts::envoy(&mut |line| eprintln!("{line}"))?, &self.files.gateway()),
        };
        // SIGINT lets PostgreSQL stop without waiting for its clients.
        let stop_signal = if member.part == Part::Postgres { Signal::SIGINT } else { Signal::SIGTERM };
        let child = Supervised::start(&member.name(), command, &self.config.folders(), stop_signal)?;
        self.running.insert(member, child);
        Ok(())
    }

    async fn wait_until_ready(&mut self, member: Member) -> Result<()> {
        let name = member.name();
        let child = self.running.get_mut(&member).ok_or_else(|| Error::new(format!("{name} was not started")))?;
        if member.part == Part::Postgres {
            return self.server.wait_until_ready(|| child.check()).await;
        }
        let log = self.config.folders().log(&name);
        readiness::wait(&readiness::endpoint(member, &self.config.ports), &name, &log, || child.check()).await
    }

    fn migrate(&self, service: Part) -> Result<()> {
        let mut command: Command = self.files.service_command(&self.config, service.into());
        let role = database::migrator_role(service.name());
        command.arg("migrate");
        command.args(["--set", &format!("database.url={}", self.server.url(&role, service.name()))]);
        let password = database::password_file(&self.files.passwords(), &role);
        command.arg("--set").arg(format!("database.password_file={}", password.display()));
        run_to_its_end(command, "migrate the database", service).map(drop)
    }
}

/// Runs it, and answers what it prints.
fn run_to_its_end(mut command: Command, what: &str, service: Part) -> Result<String> {
    let output = command.output().doing(|| format!("run {:?}", command.get_program()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let name = service.name();
    Err(Error::new(format!("{name} cannot {what}, {}:\n{}", output.status, said.trim_end())))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nobody is there to hear of an error, and the records stay for whoever comes next.
        let _ = self.stop_all();
        if self.config.state.starts_with(files::tests_folder()) && !std::thread::panicking() {
            let _ = place::remove(&self.config.state);
        }
        if self.config.durability == Durability::Fast {
            let _ = postgres::remove(&self.config.postgres);
        }
    }
}
