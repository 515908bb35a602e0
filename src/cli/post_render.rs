//! `fanfold post-render`: what a chart rendered in, the same checked and patched out.
//!
//! Helm takes whatever is printed for the manifests of a release: nothing is printed unless all of it is sound.

use std::fmt::Write;
use std::path::Path;

use clap::Args;
use serde_json::Value;

use super::foreign::ForeignArgs;
use super::output::{self, Rights};
use super::session::{Channel, Session};
use super::{Exit, Failure, foreign, function};
use crate::diagnostic::{Code, Style};
use crate::krm::{Named, Setup};
use crate::post_render;
use crate::text::harmless;

/// `post-render`
#[derive(Args, Debug)]
pub struct PostRenderArgs {
    /// A spec whose patches apply to what was rendered, and whose objects are added to it
    #[arg(long = "spec", value_name = "FILE")]
    pub specs: Vec<String>,

    /// Write the findings to a file too: Helm 4 shows nothing of what a post-renderer says
    #[arg(long, value_name = "FILE", env = "FANFOLD_LOG")]
    pub log: Option<String>,

    #[command(flatten)]
    pub foreign: ForeignArgs,
}

/// The width of the text in a log, which no terminal has.
const LOG_WIDTH: usize = 140;

/// How the line of a log begins that says why there are no findings.
const FAILED: &str = "fanfold post-render: error: ";

/// Renders, and keeps what was said in the log as well.
pub(super) fn run(args: &PostRenderArgs) -> Result<Exit, Failure> {
    let mut log = String::new();
    let mut session = Session::new(&args.foreign.report)?;
    let result = render(args, &mut session, &mut log);
    if let Some(path) = &args.log {
        if let Err(Failure::Usage(message) | Failure::Environment(message)) = &result {
            let _ = writeln!(log, "{FAILED}{}", harmless::one_line(message));
        }
        let inputs = session.disk.inputs();
        // Also where there is nothing to say: what an earlier run said must not stay.
        output::write_known(
            log.as_bytes(),
            Path::new(path),
            Rights { force: false, inputs: Some(&inputs) },
            |found| std::str::from_utf8(found).is_ok_and(is_log),
        )?;
    }
    result
}

/// Whether a text is a log of an earlier run: what every format says of its first finding, or why there is none.
fn is_log(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let names = |before: &str, after: &str| {
        let code = |rest: &str| rest.find(after).and_then(|end| Code::from_name(&rest[..end]));
        first.match_indices(before).any(|(at, _)| code(&first[at + before.len()..]).is_some())
    };
    let is_line = ["error[", "warning[", "note["].iter().any(|severity| names(severity, "]: "));
    let is_command = first.starts_with("::") && names("title=", "::");
    let is_report = || {
        let of = |key: &str, entry: &Value| entry[key].as_str().is_some_and(|name| Code::from_name(name).is_some());
        let line: Option<Value> = serde_json::from_str(first).ok();
        let whole: Option<Value> = serde_json::from_str(text).ok();
        line.is_some_and(|line| of("code", &line) && line["byteStart"] != Value::Null)
            || whole.is_some_and(|whole| match whole.as_array() {
                Some(issues) => issues.iter().all(|issue| of("check_name", issue)),
                None => whole["runs"][0]["tool"]["driver"]["name"]
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case("fanfold")),
            })
    };
    first.starts_with(FAILED) || is_line || is_command || is_report()
}

fn render(args: &PostRenderArgs, session: &mut Session, log: &mut String) -> Result<Exit, Failure> {
    let report = &args.foreign.report;
    let stream = foreign::read_stdin(session);
    if stream.documents.is_empty() && !session.diagnostics.has_errors() {
        let message = "expected the manifests of a chart on standard input, found none";
        let help = "Helm calls `fanfold post-render` itself; to try it, pipe `helm template` into it";
        // The reader has its own word for it, which is about specs.
        session.diagnostics = std::iter::once(foreign::nothing(stream.file, message, help)).collect();
    }
    let mut compilation = None;
    if !session.diagnostics.has_errors() {
        let specs = args.specs.iter().map(|path| Named { path: path.clone(), origin: None }).collect();
        let setup = Setup { specs, ..Setup::default() };
        let rendered = stream.documents.clone();
        let compiled = foreign::compile(session, &setup, None, rendered, &args.foreign, false)?;
        session.diagnostics.append(post_render::collisions(&compiled));
        compilation = Some(compiled);
    }
    let found = std::mem::take(&mut session.diagnostics);
    session.diagnostics = post_render::with_templates(found, &session.sources, stream.file, &stream.documents);
    let judged = session.judged();
    Channel::Stderr.write(session.text(&judged, report, Channel::Stderr.style()).as_bytes())?;
    *log = session.text(&judged, report, Style { color: false, width: LOG_WIDTH });
    let Some(compilation) = compilation.filter(|_| !judged.has_errors()) else { return Ok(Exit::Findings) };
    Channel::Stdout.write(&function::documents(session, &stream, &compilation))?;
    Ok(Exit::Fine)
}
