//! The command line `bailiwick`, and the two text forms that it shares with other tools.
//!
//! In reading order: `arguments` says what can be asked, `target` finds out where the gateway is and who is asking,
//! `gateway` makes the calls, `commands` holds one file per noun, `answer` and `failure` are what comes of a command.
//! [`routes_file`] and [`relationship_text`] read what people write, for whoever else has to.

mod answer;
mod arguments;
mod commands;
mod failure;
mod filter_text;
mod gateway;
mod pages;
mod profiles;
mod reference;
pub mod relationship_text;
pub mod routes_file;
mod subject_text;
mod surroundings;
mod table;
mod target;
mod text_file;
mod time_text;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use arguments::{Arguments, Output};
use failure::Failure;
use surroundings::Surroundings;

pub use reference::reference;

/// The command line as `clap` knows it, for completions and for the reference that is generated from it.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Does what the command line of this process says, and prints what comes of it.
pub fn run() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that was asked for is an answer; everything else that clap says is wrong use.
            let code = if error.use_stderr() { failure::WRONG_USE } else { 0 };
            return error.print().map_or(ExitCode::from(failure::WRONG_USE), |()| ExitCode::from(code));
        }
    };
    let output = arguments.connection.output;
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::wrong_use(format!("this process cannot run: {error}")))
        .and_then(|runtime| runtime.block_on(commands::run(arguments, &Surroundings::read())));
    let printed = match outcome {
        Ok(answer) => answer.print(output).map(|()| ExitCode::from(answer.exit_code())),
        Err(failure) => failure.print(output).map(|()| ExitCode::from(failure.exit_code())),
    };
    printed.unwrap_or_else(unprinted)
}

/// Whoever reads the output may stop early (`bailiwick … | head`): that is no mistake of anybody's.
fn unprinted(error: std::io::Error) -> ExitCode {
    let code = if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { failure::WRONG_USE };
    ExitCode::from(code)
}

impl Output {
    fn is_json(self) -> bool {
        match self {
            Self::Json => true,
            Self::Table => false,
        }
    }
}
