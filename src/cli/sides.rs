//! The sides of a diff: what the command line names, and the objects that it stands for.

use super::args::{FormatArg, InputArgs, ReportArgs, VariantArgs};
use super::session::{Channel, Session};
use super::{Exit, Failure};
use crate::diagnostic::Severity;
use crate::diff::as_written;
use crate::kubernetes::Manifest;

/// One side of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Specs and manifests: files, folders, or `-` for standard input.
    Paths(Vec<String>),
}

/// What a side holds.
pub(super) struct Held {
    /// The objects, in the order of installation.
    pub(super) objects: Vec<Manifest>,
    /// What to call the side.
    pub(super) name: String,
}

impl Side {
    /// Reads a side as `--against` names it.
    pub(super) fn parse(text: &str) -> Self {
        Self::Paths(vec![text.to_owned()])
    }

    /// Whether the side is read from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        match self {
            Self::Paths(paths) => paths.iter().any(|path| path == "-"),
        }
    }

    /// Returns the objects of the side; what cannot be read of it ends the run.
    pub(super) fn read(&self, variant: &VariantArgs, session: &mut Session) -> Result<Result<Held, Exit>, Failure> {
        let Self::Paths(paths) = self;
        let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
        let input = InputArgs { inputs: paths.clone(), variant: variant.clone(), max_instances: usize::MAX, report };
        let inputs = session.gather(&input);
        // Manifests are compared as they stand: what is wrong with them is for `check` to say.
        let objects = if inputs.specs.is_empty() {
            as_written(inputs.manifests, &mut session.diagnostics)
        } else {
            session.compile_inputs(&input, inputs)?.objects()
        };
        let found = std::mem::take(&mut session.diagnostics);
        session.diagnostics = found.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        if session.report(&input.report, Channel::Stderr)? != Exit::Fine {
            return Ok(Err(Exit::Usage));
        }
        Ok(Ok(Held { objects, name: paths.join(" ") }))
    }
}
