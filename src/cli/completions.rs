//! `fanfold completions`: a completion script for a shell.

use clap::{Args, CommandFactory};

use super::session::Channel;
use super::{Cli, Exit, Failure};

/// `completions`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fanfold", &mut script);
    Channel::Stdout.write(&script)?;
    Ok(Exit::Fine)
}
