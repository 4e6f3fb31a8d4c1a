//! What the command line says.

use clap::{Parser, ValueEnum};

use crate::decisions::Kind;

/// Measures gate, with a whole cluster of its own.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Arguments {
    /// How many relationships permissions holds. Several, one run each: 10000,1000000.
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub(crate) relationships: Vec<u64>,
    /// What is measured; everything, unless given.
    #[arg(long, value_delimiter = ',')]
    pub(crate) parts: Vec<Part>,
    /// Which decisions the part `decisions` asks for besides the empty call; every kind, unless given.
    #[arg(long, value_delimiter = ',')]
    pub(crate) kinds: Vec<Kind>,
    /// How many callers there are, each with an API key and an access token.
    #[arg(long, default_value_t = 64)]
    pub(crate) callers: usize,
    /// Seconds of a run.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Rounds in which each kind of run has its turn.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Calls under way at once.
    #[arg(long, default_value_t = 64)]
    pub(crate) in_flight: usize,
    /// Connections to gate, as one Envoy has for each of its threads.
    #[arg(long, default_value_t = 2)]
    pub(crate) connections: usize,
    /// Calls a second where what gate adds to latency is measured; half of what can be made, unless given.
    #[arg(long)]
    pub(crate) rate: Option<u32>,
    /// Calls of each kind whose times are compared in the part `alike`.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) samples: usize,
    /// A further setting of the cluster's gate, as section.key=value.
    #[arg(long = "set")]
    pub(crate) settings: Vec<String>,
    /// Serves the authorizer that allows everything, at PORT with CERTIFICATE, KEY and CA: what the part `through` starts for
    /// itself.
    #[arg(long, hide = true, num_args = 4)]
    pub(crate) serve_allow_all: Option<Vec<String>>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// CPU of each kind of decision, asked directly.
    Decisions,
    /// What gate adds to a call through Envoy.
    Through,
    /// Whether the time of a denial tells what exists.
    Alike,
    /// How known callers fare beside a flood of wrong keys.
    WrongKeys,
    /// Gate's memory under floods of distinct keys, hosts and paths.
    Memory,
    /// What ten thousand routes cost over ten.
    Routes,
}

impl Arguments {
    /// Whether this part is to be measured.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}
