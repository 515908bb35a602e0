//! The command line: what the library must not do itself. One file a command.

mod apply;
mod args;
mod build;
mod check;
mod cluster;
mod completions;
mod delete;
mod diff;
mod disk;
mod explain;
mod fix;
mod foreign;
mod function;
mod git;
mod init;
mod inputs;
mod integrate;
mod man;
pub mod output;
mod places;
mod plan;
mod plugin;
mod post_render;
mod progress;
mod report;
mod schema;
mod session;
mod sides;
mod status;
mod strict;
mod target;
mod terminal;
mod time;
mod upgrade;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{FromArgMatches, Parser, Subcommand};

use crate::limits;
use crate::text::harmless;
use plugin::Called;
use terminal::Channel;

/// Compile short batch specs into plain Kubernetes manifests
#[derive(Debug, Parser)]
#[command(name = "fanfold", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first spec that compiles as it stands
    Init(init::InitArgs),
    /// Compile specs to manifests
    Build(build::BuildArgs),
    /// Count what specs would make: objects, pods, cpu and memory
    Plan(plan::PlanArgs),
    /// Check specs and existing manifests
    Check(check::CheckArgs),
    /// Show what lies between two sides, and what the change does to a cluster
    Diff(diff::DiffArgs),
    /// Apply specs or manifests to a cluster
    Apply(apply::ApplyArgs),
    /// Delete from a cluster what specs or manifests made there
    Delete(delete::DeleteArgs),
    /// Show how the objects of specs or manifests fare in a cluster
    Status(status::StatusArgs),
    /// Explain a code, a field of the language, or where a generated object comes from
    Explain(explain::ExplainArgs),
    /// Be a KRM function: take a `ResourceList` and give it back with what specs make, patched and checked
    Function(function::FunctionArgs),
    /// Be a Helm post-renderer: check what a chart rendered, and apply the patches of specs to it
    PostRender(post_render::PostRenderArgs),
    /// Print the JSON Schema of specs, for editors
    Schema(schema::SchemaArgs),
    /// Write the files that make another tool run Fanfold
    Integrate(integrate::IntegrateArgs),
    /// Print a completion script
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write those of all commands to a folder
    Man(man::ManArgs),
}

/// How a run ends, as the process tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// Something was found: errors in the input, or stale output.
    Findings = 1,
    /// The command line cannot be followed.
    Usage = 2,
    /// The environment refused something: a file, the network, a server.
    Environment = 3,
    /// What was waited for did not come.
    Waited = 4,
    /// The user ended it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ends early, in one line for the user.
#[derive(Debug)]
pub enum Failure {
    /// The command line cannot be followed.
    Usage(String),
    /// The environment refused something.
    Environment(String),
}

impl From<output::Failure> for Failure {
    fn from(failure: output::Failure) -> Self {
        Self::Environment(failure.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Environment(format!("cannot write the output: {}", crate::read::reason(&error)))
    }
}

/// Runs the command that the process was called with, on a stack that is as deep on every platform.
pub fn main() -> ExitCode {
    // What other threads of the run walk over is as deep. Only the first caller sets it, which is this one.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(limits::STACK_BYTES).build_global();
    match std::thread::Builder::new().stack_size(limits::STACK_BYTES).spawn(command) {
        Ok(running) => running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => command(),
    }
}

fn command() -> ExitCode {
    let (called, line) = plugin::called(std::env::args_os());
    let mut command = strict::command_line();
    match called {
        Called::Fanfold => {}
        Called::Plugin => command = command.bin_name(plugin::PLUGIN),
        Called::Completion => return complete(&mut command, &line),
    }
    let parsed = command.try_get_matches_from_mut(line).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // A reader of the help who goes away has read enough.
            let exit = match refuse(&error) {
                _ if error.use_stderr() => Exit::Usage,
                Err(Failure::Environment(message) | Failure::Usage(message)) => {
                    session::complain(&message);
                    Exit::Environment
                }
                Ok(()) => Exit::Fine,
            };
            return exit.into();
        }
    };
    if called == Called::Plugin && matches!(cli.command, Command::Completions(_)) {
        session::complain(
            "kubectl completes its plugins itself: `kubectl fanfold integrate kubectl -o DIR`, with a folder of the \
             PATH, writes the program that it asks",
        );
        return Exit::Usage.into();
    }
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let (exit, message) = match failure {
                Failure::Usage(message) => (Exit::Usage, message),
                Failure::Environment(message) => (Exit::Environment, message),
            };
            session::complain(&message);
            exit.into()
        }
    }
}

/// Prints what clap says of a command line, or the help that was asked for. The words of the line are of others, where a
/// shell has put the names of files in, so that there are colors only where none of them could add its own.
fn refuse(error: &clap::Error) -> Result<(), Failure> {
    let channel = if error.use_stderr() { Channel::Stderr } else { Channel::Stdout };
    let is_plain = |word: &OsString| !word.to_string_lossy().chars().any(harmless::is_active);
    if std::env::args_os().all(|word| is_plain(&word)) && channel.style().color {
        return channel.styled(&error.render().ansi().to_string());
    }
    channel.report(&error.render().to_string())
}

/// Prints the candidates for the last word.
fn complete(command: &mut clap::Command, line: &[OsString]) -> ExitCode {
    command.build();
    let words: Vec<String> = line.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match Channel::Stdout.write(plugin::complete(command, &words).as_bytes()) {
        Ok(()) => Exit::Fine.into(),
        Err(_) => Exit::Environment.into(),
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Integrate(args) => integrate::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Apply(args) => apply::run(&args),
        Command::Delete(args) => delete::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Function(args) => function::run(&args),
        Command::PostRender(args) => post_render::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
