//! One file per noun: what can be asked about it, and how it is answered.

pub(crate) mod certificate;
pub(crate) mod check;
pub(crate) mod client_credential;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod host;
pub(crate) mod key;
pub(crate) mod ping;
pub(crate) mod profile;
pub(crate) mod relationship;
pub(crate) mod role;
pub(crate) mod route;
pub(crate) mod schema;
pub(crate) mod service_account;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod workload;

use crate::answer::Answer;
use crate::arguments::{Arguments, Command, IdempotencyArguments};
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::surroundings::Surroundings;
use crate::target::Target;

/// What a command has to work with.
pub(crate) struct Session<'a> {
    pub(crate) gateway: Gateway,
    pub(crate) surroundings: &'a Surroundings,
}

/// Does what was asked.
pub(crate) async fn run(arguments: Arguments, surroundings: &Surroundings) -> Result<Answer, Failure> {
    let Arguments { connection, command } = arguments;
    let session = || {
        let target = Target::find(&connection, surroundings)?;
        Ok(Session { gateway: Gateway::new(&target)?, surroundings })
    };
    match command {
        // These need no gateway.
        Command::Certificate(command) => certificate::run(&command, surroundings.now),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Profile(command) => profile::run(command, &connection, surroundings),
        Command::Schema(schema::Command::Validate { file }) => schema::validate(&file),

        Command::Ping => ping::run(&session()?).await,
        Command::Schema(command) => schema::run(command, &session()?).await,
        Command::Relationship(command) => relationship::run(command, &session()?).await,
        Command::Check(arguments) => check::run(arguments, &session()?).await,
        Command::Route(command) => route::run(command, &session()?).await,
        Command::Explain(arguments) => explain::run(arguments, &session()?).await,
        Command::Host(command) => host::run(command, &session()?).await,
        Command::Key(command) => key::run(command, &session()?).await,
        Command::Tenant(command) => tenant::run(command, &session()?).await,
        Command::User(command) => user::run(command, &session()?).await,
        Command::ServiceAccount(command) => service_account::run(command, &session()?).await,
        Command::Role(command) => role::run(command, &session()?).await,
        Command::ClientCredential(command) => client_credential::run(command, &session()?).await,
        Command::Workload(command) => workload::run(command, &session()?).await,
    }
}

impl Session<'_> {
    /// Makes a call that creates something: its outcome may be unknown, and repeating it with the same key is safe.
    pub(crate) async fn create<R>(
        &self,
        idempotency: &IdempotencyArguments,
        call: impl AsyncFnOnce(String) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let key = idempotency.idempotency_key.as_ref().unwrap_or(&self.surroundings.idempotency_key);
        call(key.clone()).await.map_err(|failure| {
            if failure.is_unavailable() {
                failure.hint(format!(
                    "It may have been done. Repeat it, and it is done once, with --idempotency-key {key}"
                ))
            } else {
                failure
            }
        })
    }
}
