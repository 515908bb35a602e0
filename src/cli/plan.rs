//! `fanfold plan`: specs in, numbers out.

use clap::{Args, ValueEnum};

use super::args::{FormatArg, InputArgs};
use super::cluster::{ClusterArgs, Connecting, holds_up};
use super::session::{Channel, Session};
use super::{Exit, Failure};
use crate::plan::Estimate;

/// `plan`
#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// The notation of the plan [default: a table, JSON with `--format json`]
    #[arg(long, value_enum, value_name = "NOTATION")]
    pub output: Option<PlanOutputArg>,

    /// Hold the batch against a cluster: does it fit?
    #[arg(long, value_enum, value_name = "WHAT")]
    pub against: Option<AgainstArg>,

    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// What a plan is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgainstArg {
    /// The cluster of the kubeconfig
    Cluster,
}

/// Notations of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutputArg {
    /// A table
    Table,
    /// JSON
    Json,
}

/// Compiles and counts; nothing is kept of the objects but their numbers.
pub(super) fn run(args: &PlanArgs) -> Result<Exit, Failure> {
    if args.against.is_none() {
        args.cluster.refuse_without_cluster("hold the plan against one with `--against cluster`")?;
    }
    let connecting = args.against.map(|AgainstArg::Cluster| Connecting::start(&args.cluster, false)).transpose()?;
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
        if holds_up(&session.reported) {
            exit = Exit::Findings;
        }
    }
    let as_json = args.input.report.format == FormatArg::Json;
    let usual = if as_json { PlanOutputArg::Json } else { PlanOutputArg::Table };
    match args.output.unwrap_or(usual) {
        PlanOutputArg::Table => Channel::Stdout.report(&estimate.to_table())?,
        PlanOutputArg::Json => Channel::Stdout.json(&estimate.to_json())?,
    }
    Ok(exit)
}
