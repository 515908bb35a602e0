//! `fanfold check`: specs and manifests in, findings out.

use clap::Args;

use super::args::{FormatArg, InputArgs};
use super::session::{Channel, Session, remark};
use super::{Exit, Failure};

/// `check`
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    pub input: InputArgs,
}

/// Checks; the findings are the output.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let report = &args.input.report;
    let mut session = Session::new(report)?;
    let compilation = session.compile(&args.input)?;
    let exit = session.report(report, Channel::Stdout)?;
    if exit == Exit::Fine && report.format == FormatArg::Human {
        let objects = compilation.len();
        let word = if objects == 1 { "object" } else { "objects" };
        remark(&format!("{objects} {word} checked for Kubernetes {}", compilation.facts().minor));
    }
    Ok(exit)
}
