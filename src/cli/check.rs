//! `fanfold check`: specs and manifests in, findings out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use super::args::{FormatArg, InputArgs};
use super::session::{Channel, Session, read_stdin, remark};
use super::target::facts;
use super::{Exit, Failure, fix, upgrade};
use crate::compile::Skipped;
use crate::diagnostic::Diagnostics;
use crate::kubernetes::{Manifest, Minor};
use crate::mend::{Overlay, Texts};
use crate::read::Files;
use crate::rules::Outside;
use crate::text::FileId;

/// `check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// Fail where a YAML or JSON file of a folder is not checked: a template, the configuration of another program, a file
    /// without objects
    #[arg(long)]
    pub strict: bool,

    /// Take the inputs for all that there is: a Secret, an account or another object that they name and do not hold is an
    /// error
    #[arg(long, conflicts_with = "partial")]
    pub closed: bool,

    /// Take the inputs for a part of what is applied: say nothing of objects that may come from elsewhere
    #[arg(long)]
    pub partial: bool,

    /// Apply the fixes that are safe to the input files, and report what remains; standard input is printed, fixed
    #[arg(long)]
    pub fix: bool,

    /// Apply fixes that may change the meaning as well
    #[arg(long)]
    pub unsafe_fixes: bool,

    /// Show what --fix would change, and write nothing
    #[arg(long)]
    pub diff: bool,

    /// Show what an upgrade of Kubernetes changes for the inputs: `1.34..1.37`, or `1.37` from --kubernetes-version on
    #[arg(long, value_name = "FROM..TO", conflicts_with_all = ["fix", "unsafe_fixes", "diff"])]
    pub upgrade: Option<String>,
}

impl CheckArgs {
    /// Returns how loud it is that something is not among the inputs: one file is more often all that there is than a
    /// folder of a repository.
    fn outside(&self, files: &dyn Files) -> Outside {
        match self.input.inputs.as_slice() {
            _ if self.closed => Outside::Error,
            _ if self.partial => Outside::Silent,
            [file] if file != "-" && !files.is_folder(file) => Outside::Warning,
            _ => Outside::Note,
        }
    }
}

/// Checks; the findings are the output, and what was looked at stands beside it.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    if args.unsafe_fixes && !args.fix && !args.diff {
        return Err(Failure::Usage("`--unsafe-fixes` goes with `--fix` or `--diff`".to_owned()));
    }
    if let Some(range) = &args.upgrade {
        return upgrade::run(args, range);
    }
    if args.fix || args.diff {
        return fix::run(args);
    }
    Checked::look(args, &Texts::new(), read_stdin)?.conclude(args, Channel::Stdout)
}

/// What a look at the inputs has found.
pub(super) struct Checked {
    pub(super) session: Session,
    pub(super) findings: Diagnostics,
    /// The files that were read for the inputs alone, and not since a spec names them.
    pub(super) inputs: BTreeSet<FileId>,
    /// Why a file is not to be changed, for those that were asked for.
    pub(super) spared: RefCell<BTreeMap<FileId, Option<String>>>,
    objects: usize,
    files: usize,
    recipes: bool,
    skipped: Skipped,
    minor: Minor,
}

impl Checked {
    /// Checks the inputs, with other texts in the place of some files.
    pub(super) fn look(
        args: &CheckArgs,
        texts: &Texts,
        stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, Failure> {
        Self::look_for(args, None, texts, stdin).map(|(checked, _)| checked)
    }

    /// Checks the inputs for a minor other than the chosen one, and returns the objects as well.
    pub(super) fn look_for(
        args: &CheckArgs,
        minor: Option<Minor>,
        texts: &Texts,
        stdin: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<(Self, Vec<Manifest>), Failure> {
        let mut session = Session::new(&args.input.report)?;
        let disk = std::sync::Arc::clone(&session.disk);
        let mut settings = session.settings(&args.input)?;
        settings.asked.advice = true;
        settings.outside = args.outside(&*disk);
        if let Some(minor) = minor {
            settings.facts = facts(Some(&minor.to_string()), &args.input.variant.feature_gates)?;
        }
        let overlay = Overlay { files: &*disk, texts };
        let first = session.sources.next_id();
        let inputs = session.survey(&args.input.inputs, &overlay, stdin);
        let last = session.sources.next_id();
        if args.strict {
            session.diagnostics.extend(inputs.skipped.findings());
        }
        let (files, recipes, skipped) = (inputs.files, inputs.recipes, inputs.skipped.clone());
        let compilation = session.compile_inputs(inputs, &settings, &overlay);
        let findings = session.judged();
        let objects = minor.map(|_| compilation.objects()).unwrap_or_default();
        let checked = Self {
            session,
            findings,
            inputs: (first.0..last.0).map(FileId).collect(),
            spared: RefCell::default(),
            objects: compilation.len(),
            files,
            recipes,
            skipped,
            minor: compilation.facts().minor,
        };
        Ok((checked, objects))
    }

    /// Shows the findings, and says how the run ends.
    pub(super) fn conclude(&self, args: &CheckArgs, out: Channel) -> Result<Exit, Failure> {
        let Self { files, objects, skipped, minor, .. } = self;
        let report = &args.input.report;
        let exit = self.session.show(&self.findings, report, out)?;
        let skipped = if skipped.is_empty() { String::new() } else { format!("; {skipped}") };
        if *objects == 0 && !self.recipes && exit == Exit::Fine {
            return Err(Failure::Usage(format!("the inputs hold no objects: there is nothing to check{skipped}")));
        }
        if exit != Exit::Fine && !skipped.is_empty() && report.format == FormatArg::Human {
            remark(skipped.trim_start_matches("; "));
        }
        if exit == Exit::Fine && report.format == FormatArg::Human {
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            remark(&format!(
                "{files} file{} checked, {objects} object{} for Kubernetes {minor}{skipped}",
                plural(*files),
                plural(*objects),
            ));
        }
        Ok(exit)
    }
}
