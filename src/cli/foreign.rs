//! What `function` and `post-render` share: another tool's documents in, compiled with the specs that it asks for.

use std::io::IsTerminal;
use std::sync::Arc;

use clap::Args;

use super::Failure;
use super::args::{ReportArgs, VariantArgs};
use super::disk::Disk;
use super::session::{self, Session};
use super::target::facts;
use crate::compile::{Compilation, Inputs, Settings};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::expand::Options;
use crate::krm::{Named, Setup, with_hash_hints};
use crate::read::{Document, Files, out_of_bounds, read_documents, unreadable};
use crate::text::{FileId, Origin};

/// How the specs are compiled that another tool asks for.
#[derive(Args, Debug)]
pub struct ForeignArgs {
    #[command(flatten)]
    pub variant: VariantArgs,

    /// The most instances that a run may make
    #[arg(long, value_name = "N", default_value_t = crate::limits::INSTANCES)]
    pub max_instances: usize,

    #[command(flatten)]
    pub report: ReportArgs,
}

/// A stream of another tool's documents.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) file: FileId,
    pub(super) documents: Vec<Document>,
}

impl Stream {
    /// Whether nothing was sent.
    pub(super) fn is_empty(&self, session: &Session) -> bool {
        session.sources.file(self.file).is_none_or(|file| file.text.trim().is_empty())
    }
}

/// Reads standard input, or nothing where nobody sends anything.
pub(super) fn read_stdin(session: &mut Session) -> Stream {
    let read = if std::io::stdin().is_terminal() { Ok(Vec::new()) } else { session::read_stdin() };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            let file = session.sources.add("<stdin>", "");
            session.diagnostics.push(unreadable("<stdin>", &error, Origin::new(file, 0, 0)));
            return Stream { file, documents: Vec::new() };
        }
    };
    if bytes.trim_ascii().is_empty() {
        // What that means is for those to say who asked.
        let file = session.sources.add("<stdin>", "");
        return Stream { file, documents: Vec::new() };
    }
    let file = session.sources.next_id();
    let documents = read_documents(&mut session.sources, "<stdin>", bytes, &mut session.diagnostics);
    Stream { file, documents }
}

/// Returns the finding that an input holds nothing, which another tool would take for a success.
pub(super) fn nothing(file: FileId, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::EmptyFile, Origin::new(file, 0, 0), message).severity(Severity::Error).help(help)
}

/// Compiles the specs of a setup beside what was rendered; with `hints`, kustomize is asked for the hashes of names.
pub(super) fn compile(
    session: &mut Session,
    setup: &Setup,
    batch: Option<Document>,
    rendered: Vec<Document>,
    args: &ForeignArgs,
    hints: bool,
) -> Result<Compilation, Failure> {
    let variant = &args.variant;
    let deny: Vec<String> = setup.deny.iter().chain(&args.report.deny).cloned().collect();
    let allow: Vec<String> = setup.allow.iter().chain(&args.report.allow).cloned().collect();
    session.judge_by(&deny, &allow)?;
    let facts =
        facts(variant.kubernetes_version.as_deref().or(setup.kubernetes_version.as_deref()), &variant.feature_gates)?;
    let mut params = vec![setup.params.clone()];
    params.extend(session.params(&variant.params, &variant.set)?);
    let profiles = variant.profile.iter().map(|name| name.trim().into());
    let profiles = setup.profiles.iter().cloned().chain(profiles).collect();
    let options = Options { profiles, params, max_instances: args.max_instances, ..Options::default() };
    session.disk.places.allow(&variant.allow_path)?;
    let disk = Arc::clone(&session.disk);
    let mut inputs = Inputs::default();
    if !setup.specs.is_empty() {
        let specs: Vec<String> =
            setup.specs.iter().filter(|spec| may_read(spec, &disk, session)).map(|spec| spec.path.clone()).collect();
        inputs = session.read(&specs, &*disk);
        // What one declares that could not be read, nobody knows.
        inputs.lost |= session.diagnostics.has_errors();
    }
    if let Some(batch) = batch {
        inputs.add_spec(batch, &*disk, &mut session.sources, &mut session.diagnostics);
    }
    inputs.rendered = rendered;
    if hints {
        for spec in &mut inputs.specs {
            spec.root = with_hash_hints(&spec.root);
            spec.layers = spec.layers.iter().map(with_hash_hints).collect();
        }
    }
    Ok(session.compile_inputs(inputs, &Settings { facts, options, ..Settings::default() }, &*disk))
}

/// Whether a spec may be read: one that the user typed may, one that a config names must lie where specs may read.
fn may_read(spec: &Named, disk: &Disk, session: &mut Session) -> bool {
    let refused = spec.origin.and_then(|origin| Some((origin, disk.outside(&spec.path, "")?)));
    let Some((origin, real)) = refused else { return true };
    let help = "kustomize passes no flags to a plugin, and passes on `FANFOLD_ALLOW_PATH`, which says the same";
    session.diagnostics.push(out_of_bounds(&spec.path, &real, origin).help(help));
    false
}
