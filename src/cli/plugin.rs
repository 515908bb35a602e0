//! As which tool's plugin the process was called, and what kubectl asks to complete a line.
//!
//! kubectl runs `kubectl-fanfold` for the command and `kubectl_complete-fanfold` for completions. Links with these names
//! to the one binary do, and so do scripts that say it by a first word, since no portable script can set its own name.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Arg, Command, ValueHint};

use crate::spec;

/// What the process was called as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// The command of its own.
    Fanfold,
    /// The plugin of kubectl.
    Plugin,
    /// The program that completes the plugin's command line.
    Completion,
}

/// The name under which the plugin is typed.
pub(super) const PLUGIN: &str = "kubectl fanfold";
/// What cobra, and kubectl with it, does beside the candidates: offer files.
const WITH_FILES: u8 = 0;
/// And offer no files.
const WITHOUT_FILES: u8 = 4;

/// Tells how the process was called, and returns the command line as if it had been called by its own name.
pub(super) fn called(args: impl IntoIterator<Item = OsString>) -> (Called, Vec<OsString>) {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let stem = args.first().map(Path::new).and_then(Path::file_stem).and_then(OsStr::to_str);
    let called = match (stem, args.get(1).and_then(|word| word.to_str())) {
        (Some("kubectl_complete-fanfold"), _) => Called::Completion,
        (_, Some("__complete")) => {
            args.remove(1);
            Called::Completion
        }
        (Some("kubectl-fanfold"), _) => Called::Plugin,
        (_, Some("__kubectl")) => {
            args.remove(1);
            Called::Plugin
        }
        // kustomize calls its plugins by the kind of their config, and names that alone.
        (Some(spec::KIND | spec::FUNCTION), _) => {
            args.insert(1, "function".into());
            Called::Fanfold
        }
        _ => Called::Fanfold,
    };
    (called, args)
}

/// Returns the candidates for the last word, a line each with its description after a tab, and the directive to cobra.
pub(super) fn complete(root: &Command, words: &[String]) -> String {
    let (word, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let Cursor { command, awaited, positionals, literal } = walk(root, before);
    let mut lines = Lines { word, text: String::new() };
    let attached = word.split_once('=').filter(|(name, _)| name.starts_with("--"));
    let directive = if let Some(option) = awaited {
        lines.values(option, "")
    } else if let Some((name, value)) = attached.filter(|_| !literal) {
        let option = options(root, command).find(|option| option.get_long() == name.get(2..));
        lines.word = value;
        option.map_or(WITHOUT_FILES, |option| lines.values(option, &format!("{name}=")))
    } else if word.starts_with('-') && word != "-" && !literal {
        for option in options(root, command) {
            if let Some(long) = option.get_long() {
                lines.push(&format!("--{long}"), option.get_help().map(ToString::to_string));
            }
        }
        WITHOUT_FILES
    } else if command.has_subcommands() {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            lines.push(sub.get_name(), sub.get_about().map(ToString::to_string));
        }
        WITHOUT_FILES
    } else {
        let expected: Vec<&Arg> = command.get_positionals().collect();
        let last = expected.last().copied().filter(|last| repeats(last));
        let nth = expected.get(positionals).copied().or(last);
        nth.map_or(WITHOUT_FILES, |positional| lines.values(positional, ""))
    };
    let _ = writeln!(lines.text, ":{directive}");
    lines.text
}

/// Where the words so far lead.
struct Cursor<'a> {
    command: &'a Command,
    /// The option whose value comes next.
    awaited: Option<&'a Arg>,
    positionals: usize,
    /// Whether `--` has ended the options.
    literal: bool,
}

fn walk<'a>(root: &'a Command, words: &[String]) -> Cursor<'a> {
    let mut cursor = Cursor { command: root, awaited: None, positionals: 0, literal: false };
    for word in words {
        if cursor.awaited.take().is_some() {
            continue;
        }
        match word.strip_prefix('-').filter(|rest| !rest.is_empty() && !cursor.literal) {
            Some("-") => cursor.literal = true,
            Some(flag) => {
                let is_it = |option: &&Arg| match flag.strip_prefix('-') {
                    Some(long) => option.get_long() == Some(long),
                    None => flag.chars().count() == 1 && option.get_short() == flag.chars().next(),
                };
                cursor.awaited = options(root, cursor.command).find(is_it).filter(|option| takes_value(option));
            }
            None => match cursor.command.find_subcommand(word) {
                Some(sub) if !cursor.literal => cursor.command = sub,
                _ => cursor.positionals += 1,
            },
        }
    }
    cursor
}

/// The options of a command, and those that hold for all of them.
fn options<'a>(root: &'a Command, command: &'a Command) -> impl Iterator<Item = &'a Arg> {
    let global = root.get_arguments().filter(|arg| arg.is_global_set());
    command.get_arguments().chain(global).filter(|arg| !arg.is_positional() && !arg.is_hide_set())
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn repeats(positional: &Arg) -> bool {
    positional.get_num_args().is_some_and(|range| range.max_values() > 1)
        || matches!(positional.get_action(), clap::ArgAction::Append)
}

struct Lines<'a> {
    word: &'a str,
    text: String,
}

impl Lines<'_> {
    fn push(&mut self, candidate: &str, about: Option<String>) {
        self.push_after("", candidate, about);
    }

    fn push_after(&mut self, prefix: &str, candidate: &str, about: Option<String>) {
        if !candidate.starts_with(self.word) {
            return;
        }
        let about = about.unwrap_or_default();
        let about = about.lines().next().unwrap_or_default();
        let tab = if about.is_empty() { "" } else { "\t" };
        let _ = writeln!(self.text, "{prefix}{candidate}{tab}{about}");
    }

    /// Offers the values of an argument, or files where any text may be one.
    fn values(&mut self, arg: &Arg, prefix: &str) -> u8 {
        let possible: Vec<PossibleValue> = arg.get_possible_values();
        for value in possible.iter().filter(|value| !value.is_hide_set()) {
            self.push_after(prefix, value.get_name(), value.get_help().map(ToString::to_string));
        }
        let names = arg.get_value_names().unwrap_or_default();
        let is_path =
            |name: &str| ["FILE", "DIR", "PATH", "MANIFEST", "OLD", "NEW"].iter().any(|word| name.contains(word));
        let files = possible.is_empty()
            && (names.iter().any(|name| is_path(name)) || arg.get_value_hint() != ValueHint::Unknown);
        if files { WITH_FILES } else { WITHOUT_FILES }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    fn candidates(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        complete(&Cli::command(), &words).lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_name_says_how_it_was_called() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let called = |line: &[&str]| called(words(line));
        assert_eq!(called(&["/bin/fanfold", "plan"]), (Called::Fanfold, words(&["/bin/fanfold", "plan"])));
        assert_eq!(called(&["/bin/kubectl-fanfold", "a"]), (Called::Plugin, words(&["/bin/kubectl-fanfold", "a"])));
        assert_eq!(called(&["C/kubectl-fanfold.exe"]).0, Called::Plugin);
        assert_eq!(called(&["fanfold", "__kubectl", "plan"]), (Called::Plugin, words(&["fanfold", "plan"])));
        assert_eq!(called(&["kubectl_complete-fanfold", "a"]).0, Called::Completion);
        assert_eq!(called(&["fanfold", "__complete", "a"]), (Called::Completion, words(&["fanfold", "a"])));
        assert_eq!(called(&[]).0, Called::Fanfold);
    }

    #[test]
    fn commands_options_and_values_are_completed() {
        assert_eq!(candidates(&["ap"]), ["apply\tApply specs or manifests to a cluster", ":4"]);
        assert_eq!(candidates(&["build", "a.yaml", "--layout", "k"]), ["kustomize\tA kustomize base", ":4"]);
        assert_eq!(candidates(&["build", "--layout=k"]), ["--layout=kustomize\tA kustomize base", ":4"]);
        assert_eq!(
            candidates(&["build", "a.yaml", "--max"]),
            ["--max-instances\tThe most instances that a run may make", ":4"]
        );
        assert_eq!(candidates(&["completions", "ba"]), ["bash", ":4"]);
        assert!(candidates(&[]).len() > 10, "all commands");
    }

    #[test]
    fn files_are_left_to_the_shell() {
        assert_eq!(candidates(&["build", ""]), [":0"]);
        assert_eq!(candidates(&["build", "a.yaml", "b"]), [":0"]);
        assert_eq!(candidates(&["build", "-o", ""]), [":0"]);
        assert_eq!(candidates(&["build", "--params", ""]), [":0"]);
        assert_eq!(candidates(&["build", "--", "--layo"]), [":0"]);
        assert_eq!(candidates(&["build", "--set", ""]), [":4"], "no file is a parameter");
        assert_eq!(candidates(&["completions", "bash", ""]), [":4"], "one shell is enough");
    }
}
