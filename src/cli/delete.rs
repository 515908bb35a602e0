//! `fanfold delete`: what specs or manifests made, out of a cluster.

use clap::Args;

use super::args::InputArgs;
use super::cluster::{Connecting, GuardArgs, RunArgs, SetArgs, exit, has_ended, identity, listen};
use super::progress::{Progress, begin, findings};
use super::report::{self, Ending};
use super::session::{Session, complain};
use super::{Exit, Failure};
use crate::apply::{Options, Run, Runner};
use crate::diagnostic::Diagnostics;

/// `delete`
#[derive(Args, Debug)]
pub struct DeleteArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub run: RunArgs,

    #[command(flatten)]
    pub guard: GuardArgs,

    /// Do not wait until the objects are gone
    #[arg(long)]
    pub no_wait: bool,
}

/// Finds the set of the inputs and deletes it.
pub(super) fn run(args: &DeleteArgs) -> Result<Exit, Failure> {
    args.run.check(args.input.report.format)?;
    begin("delete", args.input.report.format, args.run.dry_run.is_some());
    let connecting = Connecting::start(&args.place.cluster, args.run.quiet)?;
    let mut session = Session::new(&args.input.report)?;
    let compilation = session.compile(&args.input)?;
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if let Some(path) = &args.run.report_file {
        report::check(path, &session.disk.inputs())?;
    }
    let mut cluster = connecting.finish()?;
    let set = cluster.set(&compilation, args.place.applyset.as_deref())?;
    let options = Options {
        dry_run: args.run.dry_run.is_some(),
        guard: args.guard.into(),
        concurrency: args.run.concurrency.map(usize::from),
        ..Options::default()
    };
    // Objects without a set are known by their names alone, members of one to the cluster: of those only the kinds count
    // here, and what is not served any more has none.
    let mut unserved = Diagnostics::new();
    let found = if set.is_some() { &mut unserved } else { &mut session.diagnostics };
    let desired = cluster.place(&compilation.objects(), None, &session.sources, found);
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    let mut progress = Progress::new(args.input.report.format, args.run.quiet, options.dry_run, &cluster.screen);
    let identity = identity();
    let interrupt = listen(&cluster.runtime);
    let mut tell = |event| progress.tell(event);
    let run = Run {
        client: &cluster.client,
        kinds: &cluster.kinds,
        desired: &desired,
        set: set.as_ref(),
        facts: compilation.facts(),
        options: &options,
        runner: Runner { identity: &identity, has_ended },
        interrupt,
        tell: &mut tell,
    };
    let result = cluster.runtime.block_on(run.delete(!args.no_wait));
    progress.finish();
    let outcome = result?;
    if let Some(stopped) = &outcome.stopped {
        complain(stopped);
    }
    // What stays for want of a flag was asked to go.
    let found = if outcome.held > 0 { Exit::Findings } else { Exit::Fine };
    let ending = Ending {
        command: "delete",
        dry_run: options.dry_run,
        exit: exit(&outcome, found),
        report: &outcome,
        findings: &session.reported,
        sources: &session.sources,
        inputs: &session.disk.inputs(),
    };
    progress.conclude(&ending, args.run.report_file.as_deref())?;
    cluster.close();
    Ok(ending.exit)
}
