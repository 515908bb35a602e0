//! `fanfold post-render`: what a chart rendered in, the same checked and patched out.
//!
//! Helm takes whatever is printed for the manifests of a release: nothing is printed unless all of it is sound.

use std::fmt::Write;
use std::path::Path;

use super::args::PostRenderArgs;
use super::session::{Channel, Session};
use super::{Exit, Failure, foreign, function, output};
use crate::diagnostic::Style;
use crate::krm::Setup;
use crate::post_render;

/// The width of the text in a log, which no terminal has.
const LOG_WIDTH: usize = 140;

/// Renders, and keeps what was said in the log as well.
pub(super) fn run(args: &PostRenderArgs) -> Result<Exit, Failure> {
    let mut log = String::new();
    let result = render(args, &mut log);
    if let Some(path) = &args.log {
        if let Err(Failure::Usage(message) | Failure::Environment(message)) = &result {
            let _ = writeln!(log, "error: {message}");
        }
        // Also where there is nothing to say: what an earlier run said must not stay.
        output::write_file(log.as_bytes(), Path::new(path), false)?;
    }
    result
}

fn render(args: &PostRenderArgs, log: &mut String) -> Result<Exit, Failure> {
    let report = &args.foreign.report;
    let mut session = Session::new(report)?;
    let stream = foreign::read_stdin(&mut session)?;
    if stream.documents.is_empty() && !session.diagnostics.has_errors() {
        let message = "expected the manifests of a chart on standard input, found none";
        let help = "Helm calls `fanfold post-render` itself; to try it, pipe `helm template` into it";
        // The reader has its own word for it, which is about specs.
        session.diagnostics = std::iter::once(foreign::nothing(stream.file, message, help)).collect();
    }
    let mut compilation = None;
    if !session.diagnostics.has_errors() {
        let setup = Setup { specs: args.specs.clone(), ..Setup::default() };
        let rendered = stream.documents.clone();
        let compiled = foreign::compile(&mut session, &setup, None, rendered, &args.foreign, false)?;
        session.diagnostics.append(post_render::collisions(&compiled));
        compilation = Some(compiled);
    }
    let found = std::mem::take(&mut session.diagnostics);
    session.diagnostics = post_render::with_templates(found, &session.sources, stream.file, &stream.documents);
    let judged = session.judged();
    Channel::Stderr.write(session.text(&judged, report, Channel::Stderr.style()).as_bytes())?;
    *log = session.text(&judged, report, Style { color: false, width: LOG_WIDTH });
    let Some(compilation) = compilation.filter(|_| !judged.has_errors()) else { return Ok(Exit::Findings) };
    Channel::Stdout.write(&function::documents(&session, &stream, &compilation))?;
    Ok(Exit::Fine)
}
