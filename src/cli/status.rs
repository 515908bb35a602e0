//! `fanfold status`: how the objects of a set fare in a cluster, now.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use super::args::{FormatArg, InputArgs};
use super::cluster::{Connecting, SetArgs};
use super::report;
use super::session::{Channel, Session};
use super::{Exit, Failure};
use crate::apply::{Desired, Interrupt, Outcome, Settled, Unready, Waiting};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Origin;

/// `status`
#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub place: SetArgs,
}

/// Looks at all objects once.
pub(super) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let connecting = Connecting::start(&args.place.cluster, false)?;
    let mut session = Session::new(&args.input.report)?;
    let compilation = session.compile(&args.input)?;
    if session.report(&args.input.report, Channel::Stderr)? != Exit::Fine {
        return Ok(Exit::Findings);
    }
    let mut cluster = connecting.finish()?;
    let set = cluster.set(&compilation, args.place.applyset.as_deref())?;
    let desired = cluster.place(&compilation.objects(), set.as_ref(), &session.sources, &mut session.diagnostics);
    session.report(&args.input.report, Channel::Stderr)?;
    let settled: Vec<Settled> = desired.iter().map(Settled::expected).collect();
    let waiting = Waiting {
        client: &cluster.client,
        kinds: &cluster.kinds,
        desired: &desired,
        set: set.as_ref(),
        settled: &settled,
        timeout: None,
        // One look has nothing to bring to an end: Ctrl-C just ends it.
        interrupt: watch::channel(Interrupt::None).1,
        tell: &mut |_| {},
    };
    let looked = cluster.runtime.block_on(waiting.look());
    let (unready, unseen) =
        looked.map_err(|lost| Failure::Environment(format!("cannot look at the cluster: {lost}")))?;
    for text in unseen {
        let help = "how its objects fare is not known: ask for a role that may list them";
        session.diagnostics.push(Diagnostic::new(Code::NotReadable, Origin::NOWHERE, text).help(help));
    }
    session.report(&args.input.report, Channel::Stderr)?;
    show(&desired, &unready, args.input.report.format == FormatArg::Json, &session)?;
    cluster.close();
    let all_fine = unready.is_empty() && !session.reported.has_errors();
    Ok(if all_fine { Exit::Fine } else { Exit::Findings })
}

fn show(desired: &[Desired], unready: &[Unready], as_json: bool, session: &Session) -> Result<(), Failure> {
    let mut out = String::new();
    if as_json {
        let objects: Vec<_> = unready.iter().map(|unready| report::unready(unready, &session.sources)).collect();
        let version = report::VERSION;
        let line = json!({ "version": version, "objects": desired.len(), "ready": desired.len() - unready.len(), "unready": objects });
        return Channel::Stdout.json(&format!("{line}\n"));
    }
    let mut kinds: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for object in desired {
        kinds.entry(object.key.kind.as_str()).or_default()[0] += 1;
    }
    for object in unready {
        let counts = kinds.entry(object.key.kind.as_str()).or_default();
        counts[if object.failed { 2 } else { 1 }] += 1;
    }
    let width = kinds.keys().map(|kind| kind.len()).max().unwrap_or_default();
    for (kind, [all, waiting, failed]) in &kinds {
        let mut line = format!("{kind:width$}  {} of {all} ready", all - waiting - failed);
        for (count, word) in [(waiting, "not ready yet"), (failed, Outcome::Failed.as_str())] {
            if *count > 0 {
                line.push_str(&format!(", {count} {word}"));
            }
        }
        out.push_str(&format!("{line}\n"));
    }
    for line in report::unready_lines(unready, &session.sources) {
        out.push_str(&format!("{line}\n"));
    }
    Channel::Stdout.report(&out)
}
