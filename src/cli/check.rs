//! `fanfold check`: specs and manifests in, findings out.

use std::sync::Arc;

use clap::Args;

use super::args::{FormatArg, InputArgs};
use super::session::{Channel, Session, remark};
use super::{Exit, Failure};
use crate::read::Files;
use crate::rules::Outside;

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
    let report = &args.input.report;
    let mut session = Session::new(report)?;
    let disk = Arc::clone(&session.disk);
    let mut settings = session.settings(&args.input)?;
    settings.asked.advice = true;
    settings.outside = args.outside(&*disk);
    let inputs = session.survey(&args.input.inputs, &*disk);
    if args.strict {
        session.diagnostics.extend(inputs.skipped.findings());
    }
    let (files, recipes, skipped) = (inputs.files, inputs.recipes, inputs.skipped.clone());
    let compilation = session.compile_inputs(inputs, &settings, &*disk);
    let exit = session.report(report, Channel::Stdout)?;
    let skipped = if skipped.is_empty() { String::new() } else { format!("; {skipped}") };
    if compilation.is_empty() && !recipes && exit == Exit::Fine {
        return Err(Failure::Usage(format!("the inputs hold no objects: there is nothing to check{skipped}")));
    }
    if exit != Exit::Fine && !skipped.is_empty() && report.format == FormatArg::Human {
        remark(skipped.trim_start_matches("; "));
    }
    if exit == Exit::Fine && report.format == FormatArg::Human {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let objects = compilation.len();
        remark(&format!(
            "{files} file{} checked, {objects} object{} for Kubernetes {}{skipped}",
            plural(files),
            plural(objects),
            compilation.facts().minor
        ));
    }
    Ok(exit)
}
