//! The commands as clap knows them in; the same commands, which take no empty argument, out.

use std::any::TypeId;
use std::ffi::OsStr;

use clap::builder::{NonEmptyStringValueParser, Resettable};
use clap::{Command, CommandFactory};

use super::Cli;

/// Returns the command line as it is read: an argument that takes a text takes none that is empty, which a script makes of
/// a variable without a value; a variable of the environment without one counts as not set.
pub(super) fn command_line() -> Command {
    fn strict(command: Command) -> Command {
        let is_set = |name: &OsStr| std::env::var_os(name).is_none_or(|value| !value.is_empty());
        let command = command.mut_args(|argument| {
            let argument = match argument.get_env() {
                Some(name) if !is_set(name) => argument.env(Resettable::Reset),
                _ => argument,
            };
            // One of some words is none that is empty.
            let takes_text = argument.get_value_parser().type_id() == TypeId::of::<String>()
                && argument.get_possible_values().is_empty();
            if takes_text { argument.value_parser(NonEmptyStringValueParser::new()) } else { argument }
        });
        command.mut_subcommands(strict)
    }
    strict(Cli::command())
}
