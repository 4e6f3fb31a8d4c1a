//! `bailiwick completions`.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::answer::{Answer, Human};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell, for example: bailiwick completions bash > ~/.local/share/bash-completion/completions/bailiwick
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::command(), "bailiwick", &mut script);
    let script = String::from_utf8(script).map_err(|_| Failure::wrong_use("the script is not UTF-8"))?;
    Ok(Answer::new(&json!({ "script": script }), Human::Text(script)))
}
