//! `fanfold diff`: two sides in, what lies between them and what it does out.

use clap::{Args, ValueEnum};

use super::args::{FormatArg, ReportArgs, VariantArgs};
use super::cluster::{Cluster, ClusterArgs, Connecting, GuardArgs, SetArgs};
use super::session::{Channel, Session, remark};
use super::sides::{Held, Side};
use super::{Exit, Failure};
use crate::apply::{Stage, rehearse};
use crate::diff::{
    Causes, Effect, NAMESPACE, Report, Style, diff_in, fold, html, human, json, markdown, settle, short,
};
use crate::kubernetes::Facts;
use crate::limits;

/// `diff`
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// OLD and NEW: spec files, manifests, folders of them, `git:REV[:PATH]`, or `-` for standard input; with --against, what is new
    #[arg(required = true, value_name = "SIDE")]
    pub inputs: Vec<String>,

    /// What is old: a file, a folder, `git:REV` for the same paths as of a commit, or `cluster`
    #[arg(long, value_name = "OLD")]
    pub against: Option<String>,

    #[command(flatten)]
    pub place: SetArgs,

    #[command(flatten)]
    pub variant: VariantArgs,

    /// The most instances that each side may make
    #[arg(long, value_name = "N", default_value_t = limits::INSTANCES)]
    pub max_instances: usize,

    /// Show what `apply --prune` would delete in the cluster too
    #[arg(long)]
    pub prune: bool,

    #[command(flatten)]
    pub guard: GuardArgs,

    /// The format
    #[arg(long, value_enum, default_value_t = DiffFormatArg::Human, value_name = "FORMAT")]
    pub format: DiffFormatArg,

    /// Show values, descriptions and fields that are many to the end, instead of cut around what changes and counted
    #[arg(long)]
    pub full: bool,

    /// Exit with 1 only where a change has one of these effects
    #[arg(long, value_enum, value_name = "EFFECT", value_delimiter = ',')]
    pub fail_on: Vec<EffectArg>,
}

/// Formats of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormatArg {
    /// Groups of equal changes, the worst first
    Human,
    /// A comment for a pull request
    Markdown,
    /// All changes of all objects
    Json,
    /// A line a group
    Short,
    /// A page for a browser, in one file
    Html,
}

/// Effects of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EffectArg {
    /// Labels, annotations, API versions
    Metadata,
    /// The object changes where it stands
    InPlace,
    /// Pods are replaced
    Rollout,
    /// The server refuses the update
    Recreate,
    /// The object goes, or has another name: whatever else that does
    Removed,
    /// A definition allows less
    Breaking,
    /// More is allowed than before
    Security,
    /// What is stored goes with it
    DataLoss,
}

impl From<EffectArg> for Effect {
    fn from(effect: EffectArg) -> Self {
        match effect {
            EffectArg::Metadata => Self::Metadata,
            EffectArg::InPlace => Self::InPlace,
            EffectArg::Rollout => Self::Rollout,
            EffectArg::Recreate => Self::Recreate,
            EffectArg::Removed => Self::Removed,
            EffectArg::Breaking => Self::Breaking,
            EffectArg::Security => Self::Security,
            EffectArg::DataLoss => Self::DataLoss,
        }
    }
}

/// Compares; exits as `kubectl diff` does: 0 where both sides are the same, 1 where they differ, above where nobody knows.
pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = sides(args)?;
    if args.guard.prune_data && !args.prune {
        return Err(Failure::Usage("`--prune-data` says what `--prune` deletes: pass both".into()));
    }
    if args.prune && old != Side::Cluster {
        return Err(Failure::Usage("`--prune` is about a cluster: compare `--against cluster`".into()));
    }
    if old != Side::Cluster {
        let way = "compare with one by `--against cluster`";
        // Files have namespaces too: which one those name that name none, is known to whoever applies them.
        ClusterArgs { namespace: None, ..args.place.cluster.clone() }.refuse_without_cluster(way)?;
        if args.place.applyset.is_some() {
            return Err(Failure::Usage(format!("`--applyset` is about a cluster: {way}")));
        }
    }
    if old.is_stdin() && new.is_stdin() {
        return Err(Failure::Usage("standard input can be one side only".into()));
    }
    let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
    let mut session = Session::new(&report)?;
    let facts = args.variant.facts()?;
    let connecting = (old == Side::Cluster).then(|| Connecting::start(&args.place.cluster, false)).transpose()?;
    let mut new_held =
        match new.read(&old.paths(), old == Side::Cluster, &args.variant, args.max_instances, &mut session)? {
            Ok(held) => held,
            Err(exit) => return Ok(exit),
        };
    let mut exit = Exit::Fine;
    let old_held = match connecting {
        Some(connecting) => {
            let cluster = connecting.finish()?;
            let (old, refused) = of_cluster(cluster, &mut new_held, args, facts, &mut session)?;
            exit = refused;
            old
        }
        None => match old.read(&new.paths(), false, &args.variant, args.max_instances, &mut session)? {
            Ok(held) => held,
            Err(exit) => return Ok(exit),
        },
    };
    let (mut old, mut new) = (old_held, new_held);
    if old.compilation.is_none() && new.compilation.is_none() {
        args.variant.refuse_without_specs()?;
    }
    if old.objects.is_empty() && new.objects.is_empty() && exit == Exit::Fine {
        return Err(Failure::Usage("neither side holds an object: there is nothing to compare".into()));
    }
    settle([&mut old.objects, &mut new.objects], facts);
    let namespace = args.place.cluster.namespace.as_deref().unwrap_or(NAMESPACE);
    let changes = diff_in(namespace, &old.objects, &new.objects, facts, &session.sources);
    let groups = fold(&changes);
    let causes = Causes::between(&old.batches(), &new.batches());
    let report = Report {
        changes: &changes,
        groups: &groups,
        sources: &session.sources,
        causes: &causes,
        old: &old.name,
        new: &new.name,
        kubernetes: facts.minor,
        full: args.full,
    };
    let style = Channel::Stdout.style();
    let out = Channel::Stdout;
    match args.format {
        DiffFormatArg::Human => out.styled(&human(&report, Style { color: style.color, width: style.width }))?,
        DiffFormatArg::Markdown => out.report(&markdown(&report))?,
        DiffFormatArg::Json => out.write(json(&report).as_bytes())?,
        DiffFormatArg::Short => out.report(&short(&report))?,
        DiffFormatArg::Html => out.write(html(&report).as_bytes())?,
    }
    let fails = if args.fail_on.is_empty() {
        !changes.is_empty()
    } else {
        args.fail_on.iter().any(|effect| changes.has((*effect).into()))
    };
    // The process is about to end: to take all objects apart first would be a tenth of its time.
    std::mem::forget((old, new, changes));
    // What the server would refuse is more than a difference.
    Ok(if exit != Exit::Fine {
        Exit::Usage
    } else if fails {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

/// Asks a server for both sides: what it has, and what it would make of the new one.
fn of_cluster(
    mut cluster: Cluster,
    new: &mut Held,
    args: &DiffArgs,
    facts: &'static Facts,
    session: &mut Session,
) -> Result<(Held, Exit), Failure> {
    let Some(compilation) = &new.compilation else {
        return Err(Failure::Usage("there is nothing to ask a cluster about".into()));
    };
    let set = cluster.set(compilation, args.place.applyset.as_deref())?;
    let desired = cluster.place(&compilation.objects(), set.as_ref(), &session.sources, &mut session.diagnostics);
    if set.is_none() && args.prune {
        return Err(Failure::Usage("`--prune` needs a set: name one with `--applyset NAME`".into()));
    }
    let stage = Stage {
        client: &cluster.client,
        kinds: &cluster.kinds,
        facts,
        desired: &desired,
        set: set.as_ref(),
        prune: args.prune.then(|| args.guard.into()),
    };
    let asked = cluster.runtime.block_on(rehearse(&stage));
    let asked = asked.map_err(|error| Failure::Environment(format!("cannot ask the cluster: {error}")))?;
    if asked.left > 0 {
        let (objects, are) = if asked.left == 1 { ("object", "is") } else { ("objects", "are") };
        let way = if args.prune { "stay" } else { "stay, unless `--prune` is given" };
        remark(&format!("{} {objects} of the set {are} no longer in the specs, and {way}", asked.left));
    }
    session.diagnostics.append(asked.findings);
    let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
    let exit = session.report(&report, Channel::Stderr)?;
    new.objects = asked.new;
    let name = cluster.client.server().to_owned();
    Ok((Held { objects: asked.old, name, compilation: None }, exit))
}

/// Returns the old side and the new one.
fn sides(args: &DiffArgs) -> Result<(Side, Side), Failure> {
    match (&args.against, args.inputs.as_slice()) {
        (Some(old), inputs) if !inputs.is_empty() => Ok((Side::parse(old), several(inputs))),
        (None, [old, new]) => Ok((Side::parse(old), Side::parse(new))),
        (None, inputs) => Err(Failure::Usage(format!(
            "expected `fanfold diff OLD NEW` or `fanfold diff SPEC… --against OLD`, found {} side{}",
            inputs.len(),
            if inputs.len() == 1 { "" } else { "s" }
        ))),
        (Some(_), _) => Err(Failure::Usage("expected `fanfold diff SPEC… --against OLD`, found no spec".into())),
    }
}

/// Several paths are one side.
fn several(inputs: &[String]) -> Side {
    match inputs {
        [one] => Side::parse(one),
        several => Side::Paths(several.to_vec()),
    }
}
