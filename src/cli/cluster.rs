//! What commands on a cluster share: the connection, Ctrl-C, who runs.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::args::FormatArg;
use super::disk;
use super::progress::Screen;
use super::session::remark;
use super::time::duration;
use super::{Exit, Failure};
use crate::apply::{ApplySet, Desired, Guard, Interrupt, Placing, RunError, defined_kinds};
use crate::cluster::{Client, Discovered, Target, Waits, discover};
use crate::compile::Compilation;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::kubernetes::name::dns_label;
use crate::kubernetes::{Facts, Manifest};
use crate::limits;
use crate::preflight::{Preflight, look, preflight};
use crate::text::Sources;

/// A cluster, and the set in it.
#[derive(Args, Clone, Debug)]
pub struct SetArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// The set of the objects in the cluster [default: `fanfold-` and the name of the batch]
    #[arg(long, value_name = "[KIND/]NAME")]
    pub applyset: Option<String>,
}

/// What is deleted beside what can be made anew.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct GuardArgs {
    /// Delete also namespaces, volumes, claims and definitions
    #[arg(long)]
    pub prune_data: bool,

    /// Delete namespaces and definitions also with objects of others in them
    #[arg(long, requires = "prune_data")]
    pub prune_others: bool,
}

impl From<GuardArgs> for Guard {
    fn from(args: GuardArgs) -> Self {
        Self { data: args.prune_data, others: args.prune_others }
    }
}

/// How what is to be written is sent, and where it is reported.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Send everything as a dry run: the server checks it and changes nothing
    #[arg(long, value_enum, value_name = "WHERE")]
    pub dry_run: Option<DryRunArg>,

    /// Keep so many requests in flight, instead of as many as the server takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: Option<u16>,

    /// Print warnings and errors alone
    #[arg(short, long)]
    pub quiet: bool,

    /// Write a report of all objects to a file: JSON, or JUnit where its name ends with `.xml`
    #[arg(long = "report", value_name = "FILE")]
    pub report_file: Option<String>,
}

impl RunArgs {
    /// Refuses what has no effect together.
    pub(super) fn check(&self, format: FormatArg) -> Result<(), Failure> {
        if self.quiet && format == FormatArg::Json {
            return Err(Failure::Usage("`--quiet` is about lines for people: `--format json` has none".into()));
        }
        Ok(())
    }
}

/// Who tries a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRunArg {
    /// The API server
    Server,
}

/// Which cluster is meant.
#[derive(Args, Clone, Debug, Default)]
pub struct ClusterArgs {
    /// The kubeconfig to use
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,

    /// The context in the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// The namespace of objects that name none, and of the set
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// How long a single request may take, such as `30s`, and a credential program; `0` for no limit [default: 60s, writes 40s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub request_timeout: Option<Duration>,
}

impl ClusterArgs {
    fn target(&self, waits: Waits) -> Target {
        let limit = |time: Duration| if time.is_zero() { limits::FLAG_TIME } else { time };
        Target {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            namespace: self.namespace.clone(),
            request_timeout: self.request_timeout.map(limit),
            waits,
        }
    }

    /// Refuses flags about a cluster where none is asked; `way` is how one is.
    pub(super) fn refuse_without_cluster(&self, way: &str) -> Result<(), Failure> {
        let given = [
            ("--kubeconfig", self.kubeconfig.is_some()),
            ("--context", self.context.is_some()),
            ("--namespace", self.namespace.is_some()),
            ("--request-timeout", self.request_timeout.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Failure::Usage(format!("`{flag}` is about a cluster: {way}"))),
            None => Ok(()),
        }
    }
}

/// A connection that is being made while specs are compiled.
#[derive(Debug)]
pub(super) struct Connecting {
    runtime: Runtime,
    connection: JoinHandle<Result<(Client, Discovered), Failure>>,
    screen: Screen,
}

/// A cluster that answers.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) runtime: Runtime,
    pub(super) client: Client,
    pub(super) kinds: Discovered,
    /// Where lines appear that no command waits to write.
    pub(super) screen: Screen,
}

impl Connecting {
    /// Starts to connect; what is waited for meanwhile is said unless that is to be `quiet`.
    pub(super) fn start(args: &ClusterArgs, quiet: bool) -> Result<Self, Failure> {
        // It becomes a part of the server's paths.
        if let Some(Err(reason)) = args.namespace.as_deref().map(dns_label) {
            return Err(Failure::Usage(format!("`--namespace` names no namespace: {reason}")));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::Environment(format!("cannot start: {error}")))?;
        let named = args.kubeconfig.clone().or_else(|| std::env::var("KUBECONFIG").ok()).unwrap_or_default();
        for path in std::env::split_paths(&named) {
            disk::check_kind(&path.to_string_lossy())?;
        }
        let (waits, screen) = (Waits::default(), Screen::default());
        if !quiet {
            runtime.spawn(tell_waits(waits.clone(), screen.clone()));
        }
        let target = args.target(waits);
        let connection = runtime.spawn(async move {
            let client = Client::connect(&target).await.map_err(|error| Failure::Environment(error.to_string()))?;
            let kinds = discover(&client).await.map_err(|lost| {
                let how = if lost.refused { "" } else { "does not answer: " };
                Failure::Environment(format!("the cluster at {} {how}{lost}", client.server()))
            })?;
            Ok((client, kinds))
        });
        Ok(Self { runtime, connection, screen })
    }

    /// Waits until the cluster has answered.
    pub(super) fn finish(self) -> Result<Cluster, Failure> {
        let Self { runtime, connection, screen } = self;
        let (client, kinds) = runtime
            .block_on(connection)
            .map_err(|error| Failure::Environment(format!("cannot connect: {error}")))??;
        Ok(Cluster { runtime, client, kinds, screen })
    }
}

impl Cluster {
    /// Returns objects as they will be sent; findings where the cluster has no such kind.
    pub(super) fn place(
        &mut self,
        manifests: &[Manifest],
        set: Option<&ApplySet>,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Arc<[Desired]> {
        defined_kinds(manifests, &mut self.kinds);
        let id = set.map(ApplySet::id);
        let placing = Placing { kinds: &self.kinds, namespace: self.client.namespace(), set: id.as_deref(), sources };
        let placed: Vec<_> = manifests.par_iter().map(|manifest| placing.place(manifest)).collect();
        let mut desired = Vec::with_capacity(placed.len());
        for object in placed {
            match object {
                Ok(object) => desired.push(object),
                Err(finding) => diagnostics.push(*finding),
            }
        }
        desired.into()
    }

    /// Ends the connection; nothing that is still open has anything to say.
    pub(super) fn close(self) {
        self.runtime.shutdown_background();
    }

    /// Holds objects against the cluster.
    pub(super) fn preflight(&self, objects: &[Manifest], facts: &Facts) -> Result<Preflight, Failure> {
        let seen = self.runtime.block_on(look(&self.client, &self.kinds, objects, facts));
        let seen = seen.map_err(|lost| Failure::Environment(format!("cannot look at the cluster: {lost}")))?;
        Ok(preflight(objects, &seen, facts))
    }

    /// Returns the set that a run works on: the one that is named, or that of the only batch.
    pub(super) fn set(&self, compilation: &Compilation, named: Option<&str>) -> Result<Option<ApplySet>, Failure> {
        let batches: Vec<_> = compilation.batches().collect();
        let (name, namespace) = match (named, batches.as_slice()) {
            (Some(name), [batch]) => (name.to_owned(), batch.batch.namespace.clone()),
            (Some(name), _) => (name.to_owned(), None),
            (None, []) => return Ok(None),
            (None, [batch]) => (format!("fanfold-{}", batch.batch.name), batch.batch.namespace.clone()),
            (None, batches) => {
                return Err(Failure::Usage(format!(
                    "the inputs hold {} batches: name the set that they are in the cluster with `--applyset NAME`, or apply them one by one",
                    batches.len()
                )));
            }
        };
        let namespace = namespace.map_or_else(
            || self.client.namespace().to_owned(),
            |namespace| namespace.text().map_or_else(String::new, ToString::to_string),
        );
        ApplySet::parse(&name, &namespace).map(Some).map_err(Failure::Usage)
    }
}

/// Says from time to time what is waited for, each time after twice as long.
async fn tell_waits(waits: Waits, screen: Screen) {
    let mut next = limits::NOTICE_TIME;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        match waits.longest() {
            Some((what, waited)) if waited >= next => {
                screen.say(&format!("waiting for {what} ({} s)", waited.as_secs()));
                next *= 2;
            }
            Some((_, waited)) if waited >= limits::NOTICE_TIME => {}
            _ => next = limits::NOTICE_TIME,
        }
    }
}

/// Turns Ctrl-C into an orderly end, and a second one into a sudden one.
pub(super) fn listen(runtime: &Runtime) -> watch::Receiver<Interrupt> {
    let (send, receive) = watch::channel(Interrupt::None);
    let send = Arc::new(send);
    runtime.spawn(async move {
        for interrupt in [Interrupt::Drain, Interrupt::Abort] {
            if interrupted().await.is_err() {
                // Without a signal to wait for there is nothing to tell, but the channel has to stay open.
                std::future::pending::<()>().await;
            }
            if interrupt == Interrupt::Drain {
                remark("interrupted: waiting for what is in flight; once more to stop at once");
            }
            let _ = send.send(interrupt);
        }
        std::future::pending::<()>().await;
    });
    receive
}

#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Returns what tells this run from all others: machine, process, start.
pub(super) fn identity() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{} process {} run {:x}", machine(), std::process::id(), since.as_micros())
}

fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok()))
        .map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Whether a run of this machine has ended; false for runs of other machines, and where processes cannot be seen.
pub(super) fn has_ended(identity: &str) -> bool {
    let Some((host, rest)) = identity.split_once(" process ") else { return false };
    let process = rest.split_once(' ').map_or(rest, |(process, _)| process);
    std::path::Path::new("/proc/self").exists()
        && host == machine()
        && process.parse::<u32>().is_ok()
        && !std::path::Path::new("/proc").join(process).exists()
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Environment(error.to_string())
    }
}

/// Whether what a look into a cluster found would keep the pods of a batch from running.
pub(super) fn holds_up(found: &Diagnostics) -> bool {
    const NO_ROOM: [Code; 3] = [Code::DoesNotFit, Code::QuotaExceeded, Code::LimitRange];
    found.iter().any(|finding| finding.severity != Severity::Note && NO_ROOM.contains(&finding.code))
}

/// How a run ends, as the process tells it; `found` says whether any of its findings is an error.
pub(super) fn exit(report: &crate::apply::Report, found: Exit) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if !report.is_fine() || found != Exit::Fine {
        Exit::Findings
    } else if report.waiting.is_empty() {
        Exit::Fine
    } else {
        Exit::Waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_of_this_machine_can_be_known_to_have_ended() {
        assert!(!has_ended(&identity()));
        assert!(!has_ended("elsewhere process 1 run 0"));
        assert!(!has_ended("somebody"));
    }
}
