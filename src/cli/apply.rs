//! `fanfold apply`: specs or manifests to a cluster.

use std::time::Duration;

use clap::Args;

use super::args::InputArgs;
use super::cluster::{Connecting, GuardArgs, RunArgs, SetArgs, exit, has_ended, holds_up, identity, listen};
use super::progress::{Progress, begin, findings};
use super::report::{self, Ending};
use super::session::{Channel, Session, complain};
use super::time::duration;
use super::{Exit, Failure};
use crate::apply::{Event, Options, PruneLimit, Pulled, RecreatePolicy, Run, Runner, Shard, prepull};

/// `apply`
#[derive(Args, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub run: RunArgs,

    /// Take fields over from other managers
    #[arg(long)]
    pub force_conflicts: bool,

    /// Take objects over that belong to another tool or set
    #[arg(long)]
    pub adopt: bool,

    /// Delete objects and make them anew where a field cannot be changed: `on-change`, `never`, or `KIND=on-change`
    #[arg(long, value_name = "POLICY", value_delimiter = ',')]
    pub recreate: Vec<String>,

    /// Delete what left the set, once all of it is applied and works
    #[arg(long)]
    pub prune: bool,

    /// How much pruning may delete at once: a number, or a share of the set [default: 50%]
    #[arg(long, value_name = "N|N%", requires = "prune")]
    pub prune_limit: Option<PruneLimit>,

    #[command(flatten)]
    pub guard: GuardArgs,

    /// Look first whether the batch fits the cluster (room on nodes, quotas, limits, what is missing), and stop where not
    #[arg(long)]
    pub preflight: bool,

    /// Pull the images on all nodes that they may be needed on, and start then
    #[arg(long)]
    pub prepull: bool,

    /// Apply one of several parts of the set, such as `2/8`
    #[arg(long, value_name = "I/N", conflicts_with = "prune")]
    pub shard: Option<Shard>,

    /// Wait until all objects work [default: on a terminal]
    #[arg(long, overrides_with = "no_wait")]
    pub wait: bool,

    /// Do not wait until the objects work
    #[arg(long, overrides_with = "wait")]
    pub no_wait: bool,

    /// How long to wait, such as `90s`; `0` for as long as it takes
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,
}

/// Compiles, connects meanwhile, and applies.
pub(super) fn run(args: &ApplyArgs) -> Result<Exit, Failure> {
    if args.guard.prune_data && !args.prune {
        return Err(Failure::Usage("`--prune-data` says what `--prune` deletes: pass both".into()));
    }
    args.run.check(args.input.report.format)?;
    let options = options(args)?;
    begin("apply", args.input.report.format, options.dry_run);
    let connecting = Connecting::start(&args.place.cluster, args.run.quiet)?;
    let mut session = Session::new(&args.input.report)?;
    let compilation = session.compile(&args.input)?;
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if compilation.is_empty() {
        return Err(Failure::Usage("the inputs hold no objects: there is nothing to apply".into()));
    }
    if let Some(path) = &args.run.report_file {
        report::check(path, &session.disk.inputs())?;
    }
    let mut cluster = connecting.finish()?;
    let set = cluster.set(&compilation, args.place.applyset.as_deref())?;
    if set.is_none() && (args.prune || args.shard.is_some()) {
        return Err(Failure::Usage("manifests are no set by themselves: name one with `--applyset NAME`".into()));
    }
    let manifests = compilation.objects();
    let desired = cluster.place(&manifests, set.as_ref(), &session.sources, &mut session.diagnostics);
    if findings(&mut session, &args.input.report)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    if args.preflight {
        let held = cluster.preflight(&manifests, compilation.facts())?;
        session.diagnostics.append(held.findings);
        let exit = findings(&mut session, &args.input.report)?;
        if exit != Exit::Fine || holds_up(&session.reported) {
            complain(
                "the batch does not fit the cluster as it is; nothing was sent: mend that, or `--allow` what may be",
            );
            return Ok(Exit::Findings);
        }
    }
    let mut progress = Progress::new(args.input.report.format, args.run.quiet, options.dry_run, &cluster.screen);
    let identity = identity();
    let interrupt = listen(&cluster.runtime);
    let mut tell = |event| progress.tell(event);
    if args.prepull && !options.dry_run {
        let pulled = prepull(&cluster.client, &desired, options.timeout, &interrupt, &mut tell);
        let exit = match cluster.runtime.block_on(pulled).map_err(|lost| Failure::Environment(lost.to_string()))? {
            Pulled::All { images, nodes } => {
                let images = if images == 1 { "1 image is".to_owned() } else { format!("{images} images are") };
                let nodes = match nodes {
                    0 => "no node, since no pod of the batch can come to one".to_owned(),
                    1 => "the 1 node that may need them".to_owned(),
                    nodes => format!("all of {nodes} nodes that may need them"),
                };
                tell(Event::Note(format!("{images} on {nodes}")));
                Exit::Fine
            }
            Pulled::Late(missing) => {
                missing.iter().take(10).for_each(|missing| tell(Event::Warning(missing.clone())));
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
        inputs: &session.disk.inputs(),
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
        guard: args.guard.into(),
        concurrency: args.run.concurrency.map(usize::from),
        shard: args.shard,
        wait: args.wait || (!args.no_wait && Channel::Stderr.is_terminal()),
        timeout: (!args.timeout.is_zero()).then_some(args.timeout),
    })
}
