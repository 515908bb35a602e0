//! `fanfold apply`: specs or manifests to a cluster.

use std::io::IsTerminal;

use super::args::ApplyArgs;
use super::cluster::{Connecting, exit, has_ended, identity, listen};
use super::progress::{Progress, begin, findings};
use super::report::Ending;
use super::session::{Session, complain};
use super::{Exit, Failure};
use crate::apply::{Event, Options, Pulled, RecreatePolicy, Run, Runner, prepull};

/// Compiles, connects meanwhile, and applies.
pub(super) fn run(args: &ApplyArgs) -> Result<Exit, Failure> {
    let options = options(args)?;
    begin("apply", args.input.report.format, options.dry_run);
    let connecting = Connecting::start(&args.place.cluster)?;
    let mut session = Session::new(&args.input.report)?;
    let compilation = session.compile(&args.input)?;
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if compilation.is_empty() {
        return Err(Failure::Usage("the inputs hold no objects: there is nothing to apply".into()));
    }
    let mut cluster = connecting.finish()?;
    let set = cluster.set(&compilation, args.place.applyset.as_deref())?;
    if set.is_none() && (args.prune || args.shard.is_some()) {
        return Err(Failure::Usage("manifests are no set by themselves: name one with `--applyset NAME`".into()));
    }
    let manifests = compilation.objects();
    let desired = cluster.place(&manifests, set.as_ref(), &mut session.diagnostics);
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if args.preflight {
        let held = cluster.preflight(&manifests, compilation.facts())?;
        session.diagnostics.append(held.findings);
        if findings(&mut session, &args.input.report)? != Exit::Fine {
            return Ok(Exit::Findings);
        }
    }
    let mut progress = Progress::new(args.input.report.format, options.dry_run);
    let identity = identity();
    let interrupt = listen(&cluster.runtime);
    let mut tell = |event| progress.tell(event);
    if args.prepull && !options.dry_run {
        let pulled = prepull(&cluster.client, &desired, options.timeout, &interrupt, &mut tell);
        let exit = match cluster.runtime.block_on(pulled).map_err(|lost| Failure::Environment(lost.to_string()))? {
            Pulled::All { images, nodes } => {
                tell(Event::Note(format!("{images} images are on all of {nodes} nodes that may need them")));
                Exit::Fine
            }
            Pulled::Late(missing) => {
                missing.iter().take(10).for_each(|missing| tell(Event::Note(missing.clone())));
                complain("the images did not come in time; nothing was applied");
                Exit::Waited
            }
            Pulled::Interrupted => Exit::Interrupted,
        };
        if exit != Exit::Fine {
            progress.finish();
            return Ok(exit);
        }
    }
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
    let result = cluster.runtime.block_on(run.apply());
    progress.finish();
    let mut outcome = result?;
    session.diagnostics.append(std::mem::take(&mut outcome.findings));
    let found = findings(&mut session, &args.input.report)?;
    if let Some(stopped) = &outcome.stopped {
        complain(stopped);
    }
    let ending = Ending {
        command: "apply",
        dry_run: options.dry_run,
        exit: exit(&outcome, found),
        report: &outcome,
        findings: &session.reported,
        sources: &session.sources,
    };
    progress.conclude(&ending, args.run.report_file.as_deref())?;
    cluster.close();
    Ok(ending.exit)
}

fn options(args: &ApplyArgs) -> Result<Options, Failure> {
    let mut recreate = RecreatePolicy::default();
    for text in &args.recreate {
        recreate.add(text).map_err(|problem| Failure::Usage(format!("--recreate: {problem}")))?;
    }
    Ok(Options {
        dry_run: args.run.dry_run.is_some(),
        force_conflicts: args.force_conflicts,
        adopt: args.adopt,
        recreate,
        prune: args.prune.then(|| args.prune_limit.unwrap_or_default()),
        prune_data: args.prune_data,
        concurrency: args.run.concurrency.map(usize::from),
        shard: args.shard,
        wait: args.wait || (!args.no_wait && std::io::stderr().is_terminal()),
        timeout: (!args.timeout.is_zero()).then_some(args.timeout),
    })
}
