//! `fanfold completions`: a completion script for a shell.

use std::io::Write;

use clap::CommandFactory;

use super::args::CompletionsArgs;
use super::{Cli, Exit, Failure};

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fanfold", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Exit::Fine)
}
