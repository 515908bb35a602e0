//! `fanfold function`: a `ResourceList` in and out, or plain documents in the older form of kustomize's plugins.
//!
//! Whatever goes wrong, the answer is no empty success: the process fails, and the list says why in its results.

use clap::Args;

use super::foreign::{self, ForeignArgs, Stream};
use super::session::{Channel, Session};
use super::{Exit, Failure};
use crate::compile::Compilation;
use crate::emit::yaml;
use crate::krm::{self, Call, Setup};
use crate::post_render;
use crate::read::{Document, Files, read_document};
use crate::text::Node;

/// `function`
#[derive(Args, Debug)]
pub struct FunctionArgs {
    /// The config of an exec plugin: take and give plain documents
    #[arg(value_name = "CONFIG")]
    pub config: Option<String>,

    #[command(flatten)]
    pub foreign: ForeignArgs,
}

/// Answers one call.
pub(super) fn run(args: &FunctionArgs) -> Result<Exit, Failure> {
    let mut session = Session::new(&args.foreign.report)?;
    match &args.config {
        Some(path) => plugin(&mut session, path, args),
        None => function(&mut session, args),
    }
}

fn function(session: &mut Session, args: &FunctionArgs) -> Result<Exit, Failure> {
    let stream = foreign::read_stdin(session);
    let call = read_call(session, &stream);
    let setup = call.as_ref().and_then(|call| match &call.config {
        Some(config) => Setup::read(config, &mut session.sources, &mut session.diagnostics),
        None => Some(Setup::default()),
    });
    let compilation = match (&call, &setup) {
        (Some(call), Some(setup)) if !session.diagnostics.has_errors() => {
            let batch = setup.batch.clone().map(|root| Document::new(root, stream.file));
            let rendered = call.objects().into_iter().map(|(_, document)| document).collect();
            Some(foreign::compile(session, setup, batch, rendered, &args.foreign, call.is_generator())?)
        }
        _ => None,
    };
    if let (Some(call), Some(compilation)) = (&call, &compilation)
        && call.is_generator()
        && compilation.is_empty()
        && !session.diagnostics.has_errors()
    {
        session.diagnostics.push(makes_nothing(&stream));
    }
    let judged = session.judged();
    let report = &args.foreign.report;
    Channel::Stderr.write(session.text(&judged, report, Channel::Stderr.style()).as_bytes())?;
    let results = krm::results(&judged, &session.sources, call.as_ref(), compilation.as_ref());
    let failed = judged.has_errors();
    let list = match (&call, &compilation) {
        (Some(call), Some(compilation)) if !failed => call.list(call.answer(compilation), results),
        (Some(call), _) => call.list(call.unchanged(), results),
        (None, _) => krm::with_results(results),
    };
    write(&list)?;
    Ok(if failed { Exit::Findings } else { Exit::Fine })
}

fn read_call(session: &mut Session, stream: &Stream) -> Option<Call> {
    if stream.documents.is_empty() && !session.diagnostics.has_errors() {
        let message = "expected a `ResourceList` on standard input, found nothing";
        let help = "kustomize calls `fanfold function` itself; `fanfold build` compiles specs without it";
        session.diagnostics = std::iter::once(foreign::nothing(stream.file, message, help)).collect();
        return None;
    }
    let call = Call::read(&stream.documents, &mut session.diagnostics)?;
    if call.config.is_none() && call.items.is_empty() {
        session.diagnostics.push(krm::nothing_to_do(stream.file));
    }
    Some(call)
}

/// Answers as an exec plugin: the config is a file, objects are plain documents.
fn plugin(session: &mut Session, path: &str, args: &FunctionArgs) -> Result<Exit, Failure> {
    let bytes = session
        .disk
        .read(path)
        .map_err(|error| Failure::Environment(format!("cannot read `{path}`: {}", crate::read::reason(&error))))?;
    // kustomize hands over a temporary copy: the paths in it are relative to the folder of the kustomization.
    let file = session.sources.next_id();
    let config = read_document(&mut session.sources, "<config>", bytes, &mut session.diagnostics);
    let stream = foreign::read_stdin(session);
    let generates = stream.is_empty(session);
    let setup = config.and_then(|config| Setup::read(&config, &mut session.sources, &mut session.diagnostics));
    let compilation = match &setup {
        Some(setup) if !session.diagnostics.has_errors() => {
            let batch = setup.batch.clone().map(|root| Document::new(root, file));
            let rendered = stream.documents.clone();
            Some(foreign::compile(session, setup, batch, rendered, &args.foreign, generates)?)
        }
        _ => None,
    };
    if let Some(compilation) = &compilation {
        let collisions = post_render::collisions(compilation);
        session.diagnostics.append(collisions);
        if generates && compilation.is_empty() && !session.diagnostics.has_errors() {
            session.diagnostics.push(makes_nothing(&stream));
        }
    }
    let none = compilation.is_none();
    let exit = session.report(&args.foreign.report, Channel::Stderr)?;
    let Some(compilation) = compilation.filter(|_| exit == Exit::Fine) else {
        return Ok(if none { Exit::Findings } else { exit });
    };
    Channel::Stdout.write(&documents(session, &stream, &compilation))?;
    Ok(Exit::Fine)
}

/// Returns the documents of a stream with what became of them, and what was made behind them.
pub(super) fn documents(session: &Session, stream: &Stream, compilation: &Compilation) -> Vec<u8> {
    let text = session.sources.file(stream.file).map(|file| file.text.clone()).unwrap_or_default();
    post_render::rewrite(&text, &stream.documents, compilation.rendered(), &compilation.objects())
}

fn makes_nothing(stream: &Stream) -> crate::diagnostic::Diagnostic {
    foreign::nothing(
        stream.file,
        "the function config names nothing that makes objects",
        "name a spec under `specs`, or list the config under `transformers` or `validators`",
    )
}

fn write(list: &Node) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    yaml::write(list, &mut bytes);
    Channel::Stdout.write(&bytes)
}
