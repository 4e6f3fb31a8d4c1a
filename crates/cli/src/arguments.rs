//! What can be asked on the command line, but for what belongs to one noun alone.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::time_text;

const AFTER_HELP: &str = "\
Exit codes:
  0  done, or allowed
  1  denied: the answer of `check` and `route test`
  2  wrong use: arguments, credential, or the server refused the request
  3  unavailable: gateway or service cannot be reached, did not answer in time, or failed

The credential is BAILIWICK_API_KEY, BAILIWICK_TOKEN, or the profile's key, the first that is set; --with-token \
prefers BAILIWICK_TOKEN. It is never taken from an argument, because other users of the machine can read those.

Flags win over the environment, the environment over the profile. A profile that is named by --profile wins over the \
environment. A profile's key is sent to the profile's own URL only.";

/// Bailiwick from the command line: schema, relationships, checks, routes, keys, tenants and their subjects.
#[derive(Debug, Parser)]
#[command(name = "bailiwick", version, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the gateway is, and how to talk to it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// The gateway, for example https://localhost:8400 [env: BAILIWICK_URL].
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,
    /// A PEM file with the certificate authorities to believe, instead of the system's [env: BAILIWICK_CA].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The tenant; refused if it is not the credential's [env: BAILIWICK_TENANT].
    #[arg(long, global = true)]
    pub(crate) tenant: Option<String>,
    /// The profile to take what is not given from [env: BAILIWICK_PROFILE].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Use BAILIWICK_TOKEN even if there is an API key.
    #[arg(long, global = true)]
    pub(crate) with_token: bool,
    /// How long one call may take, for example 500ms, 10s or 2m.
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s", value_parser = time_text::timeout)]
    pub(crate) timeout: Duration,
    /// For people or for scripts.
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned tables and sentences.
    Table,
    /// One JSON document on stdout; of a failure, one on stderr.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The schema: which types there are, how they may relate, and what follows.
    #[command(subcommand)]
    Schema(commands::schema::Command),
    /// The facts that answers follow from.
    #[command(subcommand)]
    Relationship(commands::relationship::Command),
    /// Asks whether a subject may do something: exit code 0 if so, 1 if not.
    Check(commands::check::Arguments),
    /// The calls that the gateway lets through.
    #[command(subcommand)]
    Route(commands::route::Command),
    /// Says why the gateway let a call through or did not, by the decision's id.
    Explain(commands::explain::Arguments),
    /// Which tenant owns which host.
    #[command(subcommand)]
    Host(commands::host::Command),
    /// API keys, and the access tokens that they are exchanged for.
    #[command(subcommand)]
    Key(commands::key::Command),
    /// Tenants.
    #[command(subcommand)]
    Tenant(commands::tenant::Command),
    /// The people of the tenant.
    #[command(subcommand)]
    User(commands::user::Command),
    /// The programs that act in the tenant.
    #[command(subcommand)]
    ServiceAccount(commands::service_account::Command),
    /// Who may do what with Bailiwick itself.
    #[command(subcommand)]
    Role(commands::role::Command),
    /// What service accounts authenticate with as OAuth 2 clients: secrets and public keys.
    #[command(subcommand)]
    ClientCredential(commands::client_credential::Command),
    /// Which workload acts as which service account, by the name in its client certificates.
    #[command(subcommand)]
    Workload(commands::workload::Command),
    /// Asks whether the gateway, gate and identity answer; needs no credential.
    Ping,
    /// Keys and certificates of the plane's own processes, for trying out or where no authority makes them.
    #[command(subcommand)]
    Certificate(commands::certificate::Command),
    /// Named sets of URL, CA, tenant and key.
    #[command(subcommand)]
    Profile(commands::profile::Command),
    /// Prints a script that completes `bailiwick` in a shell.
    Completions(commands::completions::Arguments),
}

/// How much of a list is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ListArguments {
    /// The most rows; a list that goes on says so.
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
}

/// How a creation is told from its repetition.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdempotencyArguments {
    /// 1 to 64 characters of [A-Za-z0-9_-]; the same request with the same key within 24 h is done once. Random if absent.
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}
