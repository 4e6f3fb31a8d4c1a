//! What the command line says.

use std::path::PathBuf;

use bench_machine::{Process, parse_process};
use clap::{Parser, ValueEnum};

/// Measures a permissions service through gRPC. Without `--target` it starts a whole cluster of its own, durable.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Arguments {
    /// How many relationships the drive has. Several, one run each: 10000,1000000.
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub(crate) relationships: Vec<u64>,
    /// What is measured; everything that the server has, unless given.
    #[arg(long, value_delimiter = ',')]
    pub(crate) parts: Vec<Part>,
    /// HOST:PORT of a server that speaks authzed.api.v1 and holds nothing that is needed: its schema is replaced.
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// The bearer token for the target.
    #[arg(long, default_value = "", requires = "target")]
    pub(crate) token: String,
    /// The certificate to believe the target by, PEM. Without it the target is spoken to in plain text.
    #[arg(long, requires = "target")]
    pub(crate) ca: Option<PathBuf>,
    /// The target's processes to account for, as NAME=PID, each with all that it has started.
    #[arg(long = "process", value_parser = parse_process, requires = "target")]
    pub(crate) processes: Vec<Process>,
    /// The target holds the drive already: do not load it.
    #[arg(long, requires = "target")]
    pub(crate) loaded: bool,
    /// How many processes of each service the cluster has.
    #[arg(long, default_value_t = 1)]
    pub(crate) replicas: u8,
    /// Seconds of a run.
    #[arg(long, default_value_t = 4)]
    pub(crate) seconds: u64,
    /// Rounds in which each kind of run has its turn.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Calls under way at once.
    #[arg(long, default_value_t = 64)]
    pub(crate) in_flight: usize,
    /// Connections that the calls are spread over.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: usize,
    /// Calls a second where latency is measured.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) rate: u32,
    /// Different questions to ask.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) questions: usize,
    /// A further setting of the cluster's permissions service, as section.key=value.
    #[arg(long = "set")]
    pub(crate) settings: Vec<String>,
    /// Serves empty calls until its standard input ends: what the part `chassis` starts for itself.
    #[arg(long, hide = true)]
    pub(crate) serve_empty: bool,
    /// The collector's port: with it, one call in a hundred is traced.
    #[arg(long, hide = true, requires = "serve_empty")]
    pub(crate) spans_port: Option<u16>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// CPU of each kind of call, with many in flight.
    Calls,
    /// Latency of calls at a fixed rate.
    Latency,
    /// Relationships a second, durable.
    Writes,
    /// Latency of checks while group memberships are deleted.
    Storm,
    /// Latency of checks beside another tenant's storm of long questions.
    Isolation,
    /// How soon the other replica sees a write.
    Visible,
    /// What the chassis adds to bare tonic.
    Chassis,
}

impl Arguments {
    /// Whether this part is to be measured.
    pub(crate) fn wants(&self, part: Part) -> bool {
        if self.parts.is_empty() {
            let is_ours = self.target.is_none();
            return match part {
                Part::Calls | Part::Latency | Part::Writes | Part::Storm => true,
                Part::Visible => is_ours && self.replicas > 1,
                Part::Chassis | Part::Isolation => is_ours,
            };
        }
        self.parts.contains(&part)
    }
}
