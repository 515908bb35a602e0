//! The sides of a diff: what the command line names, and the objects that it stands for.

use std::sync::Arc;

use super::args::{FormatArg, InputArgs, ReportArgs, VariantArgs};
use super::git::Commit;
use super::session::{Session, read_stdin, remark};
use super::{Exit, Failure};
use crate::compile::Compilation;
use crate::diagnostic::Severity;
use crate::diff::as_written;
use crate::expand::Expanded;
use crate::kubernetes::Manifest;
use crate::read::{Files, reason};

/// One side of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Specs and manifests: files, folders, or `-` for standard input.
    Paths(Vec<String>),
    /// The same as of a commit; without a path, those of the other side.
    Commit {
        /// The commit, as git takes it.
        revision: String,
        /// What of it.
        path: Option<String>,
    },
    /// What the server has of the other side's objects.
    Cluster,
}

/// What a side holds.
pub(super) struct Held {
    /// The objects, in the order of installation.
    pub(super) objects: Vec<Manifest>,
    /// What to call the side.
    pub(super) name: String,
    /// What it was compiled to; none where nothing was.
    pub(super) compilation: Option<Compilation>,
}

impl Held {
    /// Returns its batches.
    pub(super) fn batches(&self) -> Vec<&Expanded> {
        self.compilation.iter().flat_map(Compilation::batches).collect()
    }
}

impl Side {
    /// Reads a side as the command line names it.
    pub(super) fn parse(text: &str) -> Self {
        if text == "cluster" {
            return Self::Cluster;
        }
        match text.strip_prefix("git:") {
            Some(rest) => {
                let (revision, path) =
                    rest.split_once(':').map_or((rest, None), |(revision, path)| (revision, Some(path)));
                let path = path.filter(|path| !path.is_empty()).map(str::to_owned);
                Self::Commit { revision: revision.to_owned(), path }
            }
            None => Self::Paths(vec![text.to_owned()]),
        }
    }

    /// Whether the side is read from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        matches!(self, Self::Paths(paths) if paths.iter().any(|path| path == "-"))
    }

    /// Returns the paths that it names, for a side that names none.
    pub(super) fn paths(&self) -> Vec<String> {
        match self {
            Self::Paths(paths) => paths.clone(),
            Self::Commit { path, .. } => path.iter().cloned().collect(),
            Self::Cluster => Vec::new(),
        }
    }

    /// Returns the objects of the side; what cannot be read of it ends the run. What goes to a cluster is checked as it is
    /// for apply; a cluster itself is not read here: it has no objects but those of the other side.
    pub(super) fn read(
        &self,
        others: &[String],
        for_cluster: bool,
        variant: &VariantArgs,
        max_instances: usize,
        session: &mut Session,
    ) -> Result<Result<Held, Exit>, Failure> {
        match self {
            Self::Paths(paths) => held(paths, None, for_cluster, variant, max_instances, session),
            Self::Commit { revision, path } => {
                let commit = Commit::open(revision).map_err(Failure::Environment)?;
                let paths: Vec<String> = path.as_ref().map_or_else(|| others.to_vec(), |path| vec![path.clone()]);
                let (mut there, mut missing) = (Vec::new(), Vec::new());
                for path in paths {
                    let has = path != "-"
                        && commit.has(&path).map_err(|error| {
                            Failure::Environment(format!(
                                "cannot read `{path}` of `git:{revision}`: {}",
                                reason(&error)
                            ))
                        })?;
                    let paths = if has { &mut there } else { &mut missing };
                    paths.push(path);
                }
                for path in &missing {
                    if path == "-" {
                        return Err(Failure::Usage(format!(
                            "standard input is of no commit: name a path, `git:{revision}:PATH`"
                        )));
                    }
                    remark(&format!("`{path}` is not there in `git:{revision}`: all of it counts as new"));
                }
                if there.is_empty() && missing.is_empty() {
                    return Err(Failure::Usage(format!(
                        "say which file or folder of the commit is meant: `git:{revision}:PATH`"
                    )));
                }
                let name = format!("git:{revision}");
                if there.is_empty() {
                    return Ok(Ok(Held { objects: Vec::new(), name, compilation: None }));
                }
                held(&there, Some(&commit), for_cluster, variant, max_instances, session)
            }
            Self::Cluster => Err(Failure::Usage("a cluster can be the old side only: `--against cluster`".into())),
        }
    }
}

fn held(
    paths: &[String],
    commit: Option<&Commit>,
    for_cluster: bool,
    variant: &VariantArgs,
    max_instances: usize,
    session: &mut Session,
) -> Result<Result<Held, Exit>, Failure> {
    let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
    let input = InputArgs {
        inputs: paths.to_vec(),
        variant: variant.clone(),
        max_instances,
        rules: Vec::new(),
        policy: Vec::new(),
        report,
    };
    let settings = session.settings(&input)?;
    let disk = Arc::clone(&session.disk);
    let files: &dyn Files = match commit {
        Some(commit) => commit,
        None => &*disk,
    };
    let inputs =
        if for_cluster { session.read(&input.inputs, files) } else { session.survey(&input.inputs, files, read_stdin) };
    // Manifests are compared as they stand: what is wrong with them is for `check` to say.
    let (objects, compilation) = if inputs.specs.is_empty() && !for_cluster {
        let written = inputs.manifests.into_iter().chain(inputs.beside).collect();
        (as_written(written, &mut session.diagnostics), None)
    } else {
        let written = if for_cluster { Vec::new() } else { inputs.written() };
        let compilation = session.compile_inputs(inputs, &settings, files);
        let mut objects = compilation.objects();
        objects.extend(as_written(written, &mut session.diagnostics));
        (objects, Some(compilation))
    };
    let found = std::mem::take(&mut session.diagnostics);
    session.diagnostics = found.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if session.report(&input.report, super::session::Channel::Stderr)? != Exit::Fine {
        if let Some(commit) = commit {
            remark(&format!("the findings are those of `git:{}`", commit.revision));
        }
        return Ok(Err(Exit::Usage));
    }
    let name = commit.map_or_else(|| paths.join(" "), |commit| format!("git:{}", commit.revision));
    Ok(Ok(Held { objects, name, compilation }))
}
