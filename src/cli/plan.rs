//! `fanfold plan`: specs in, numbers out.

use std::io::Write;

use super::args::{AgainstArg, PlanArgs, PlanOutputArg};
use super::cluster::Connecting;
use super::session::{Channel, Session};
use super::{Exit, Failure};
use crate::plan::Estimate;

/// Compiles and counts; nothing is kept of the objects but their numbers.
pub(super) fn run(args: &PlanArgs) -> Result<Exit, Failure> {
    let connecting = args.against.map(|AgainstArg::Cluster| Connecting::start(&args.cluster)).transpose()?;
    let mut session = Session::new(&args.input.report)?;
    let compilation = session.compile(&args.input)?;
    if session.report(&args.input.report, Channel::Stderr)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if compilation.is_empty() {
        return Err(Failure::Usage("the inputs hold no objects: there is nothing to count".into()));
    }
    let mut estimate = Estimate::of(&compilation);
    let mut exit = Exit::Fine;
    if let Some(connecting) = connecting {
        let cluster = connecting.finish()?;
        let held = cluster.preflight(&compilation.objects(), compilation.facts())?;
        session.diagnostics.append(held.findings);
        estimate.room = held.room;
        exit = session.report(&args.input.report, Channel::Stderr)?;
    }
    let text = match args.output {
        PlanOutputArg::Table => estimate.to_table(),
        PlanOutputArg::Json => estimate.to_json(),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(exit)
}
