//! The page of the commands, from the command line itself.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};
use fanfold::cli::Cli;

/// An option of so many commands is told once.
const MANY: usize = 4;

pub(super) fn page() -> String {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
    // Those that are a command below another one follow it.
    let commands: Vec<&Command> =
        shown.flat_map(|command| std::iter::once(command).chain(command.get_subcommands())).collect();
    let shared = |arg: &Arg| {
        let text = text(arg);
        let of = |command: &&&Command| {
            command.get_arguments().any(|other| other.get_id() == arg.get_id() && self::text(other) == text)
        };
        !arg.is_positional() && commands.iter().filter(of).count() >= MANY
    };
    let mut out = super::head("Commands", "src/cli/");
    out += "`fanfold help COMMAND` shows the same, `fanfold completions SHELL` and `fanfold man DIR` write completions and manual pages.\n\n\
            | command | does |\n|---|---|\n";
    for command in &commands {
        let anchor = full_name(command).replace(' ', "-");
        let _ = writeln!(out, "| [`{}`](#{anchor}) | {} |", full_name(command), about(command));
    }
    out += "\n## Options of several commands\n";
    let mut seen: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for arg in commands.iter().flat_map(|command| command.get_arguments()).filter(|arg| is_told(arg) && shared(arg)) {
        if !seen.contains(&arg.get_id().as_str()) {
            seen.push(arg.get_id().as_str());
            rows.push(arg);
        }
    }
    out += &table(&rows);
    for command in &commands {
        let _ = write!(out, "\n## {}\n\n{}.\n", full_name(command), about(command));
        let usage = (*command).clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").replace("[OPTIONS] ", "");
        let _ = write!(out, "\n```text\n{usage}\n```\n");
        let (common, own): (Vec<&Arg>, Vec<&Arg>) =
            command.get_arguments().filter(|arg| is_told(arg)).partition(|arg| shared(arg));
        if !own.is_empty() {
            out += &table(&own);
        }
        if !common.is_empty() {
            let names: Vec<String> = common.iter().map(|arg| format!("`{}`", flag(arg))).collect();
            let _ = write!(out, "\nAnd [these](#options-of-several-commands): {}.\n", names.join(", "));
        }
    }
    out
}

/// Every command has help.
fn is_told(arg: &Arg) -> bool {
    !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
}

fn full_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_default()
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn flag(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => String::new(),
    }
}

/// Returns an argument as it is typed.
fn typed(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default().join(" ");
    if arg.is_positional() {
        let dots = if arg.get_num_args().is_some_and(|range| range.max_values() > 1) { "…" } else { "" };
        return code(&format!("{values}{dots}"));
    }
    let values = if arg.get_action().takes_values() { format!(" {values}") } else { String::new() };
    let short = arg.get_short().filter(|_| arg.get_long().is_some()).map(|short| format!(", `-{short}`"));
    code(&format!("{}{values}", flag(arg))) + &short.unwrap_or_default()
}

/// Returns code for a cell of a table, where a bar would end it.
fn code(text: &str) -> String {
    if text.contains('|') { format!("<code>{}</code>", text.replace('|', "&#124;")) } else { format!("`{text}`") }
}

/// Returns what an argument does, with its values, its default and its variable.
fn text(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() {
        text += &format!(": {}", values.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        text += &format!("; default `{}`", defaults.join(" "));
    }
    if let Some(name) = arg.get_env() {
        text += &format!("; or the variable `{}`", name.to_string_lossy());
    }
    text
}

fn table(arguments: &[&Arg]) -> String {
    let mut out = String::from("\n| argument | does |\n|---|---|\n");
    for arg in arguments {
        let cell = |text: &str| text.replace('|', "&#124;").replace('\n', " ");
        let _ = writeln!(out, "| {} | {} |", typed(arg), cell(&text(arg)));
    }
    out
}
