//! `fanfold check --upgrade`: the same inputs for each minor of a range, and what the upgrade changes for them.

use std::cell::OnceCell;

use super::args::FormatArg;
use super::check::{CheckArgs, Checked};
use super::session::{Channel, read_stdin, remark};
use super::target::facts;
use super::{Exit, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, render};
use crate::kubernetes::{Manifest, Minor};
use crate::mend::Texts;
use crate::upgrade::{Change, Effect, Seen, changes, in_both};

/// Checks for each minor of the range, and shows what changes.
pub(super) fn run(args: &CheckArgs, range: &str) -> Result<Exit, Failure> {
    let (from, to) = ends(range, args.input.variant.kubernetes_version.as_deref())?;
    let stdin = OnceCell::new();
    let read = || match stdin.get() {
        Some(bytes) => Ok(Vec::clone(bytes)),
        None => read_stdin().map(|bytes| stdin.get_or_init(|| bytes).clone()),
    };
    let mut looks: Vec<(Minor, Checked, Vec<Manifest>)> = Vec::new();
    for minor in Minor::bundled().filter(|minor| (from..=to).contains(minor)) {
        let (checked, objects) = Checked::look_for(args, Some(minor), &Texts::new(), read)?;
        looks.push((minor, checked, objects));
    }
    let seen: Vec<Seen<'_>> = looks
        .iter()
        .map(|(minor, checked, objects)| Seen {
            minor: *minor,
            findings: &checked.findings,
            sources: &checked.session.sources,
            objects,
        })
        .collect();
    let changes = changes(&seen);
    if args.input.report.format == FormatArg::Human {
        show(args, &changes, &seen)?;
    } else {
        report(args, &changes, &seen)?;
    }
    let objects = seen.iter().map(|look| look.objects.len()).max().unwrap_or_default();
    let both = in_both(&seen);
    if both > 0 {
        let (number, verb) =
            if both == 1 { ("1 finding".to_owned(), "is") } else { (format!("{both} findings"), "are") };
        remark(&format!("{number} {verb} there before and after: `fanfold check` shows them"));
    }
    remark(&summary(&changes, objects, from, to));
    Ok(if changes.iter().any(|change| change.effect == Effect::Refused) { Exit::Findings } else { Exit::Fine })
}

/// Returns the minors between which the upgrade is: those of `1.34..1.37`, or from the chosen one on.
fn ends(range: &str, chosen: Option<&str>) -> Result<(Minor, Minor), Failure> {
    if range.matches("..").count() > 1 {
        let message =
            format!("expected two minors with `..` between them, as in `--upgrade 1.36..1.37`, found `{range}`");
        return Err(Failure::Usage(message));
    }
    let (from, to) = match range.split_once("..") {
        Some((from, to)) => (facts(Some(from), &[])?.minor, facts(Some(to), &[])?.minor),
        None => (facts(chosen, &[])?.minor, facts(Some(range), &[])?.minor),
    };
    if from < to {
        return Ok((from, to));
    }
    let help = if range.contains("..") { "" } else { "; the old one is that of `--kubernetes-version`" };
    Err(Failure::Usage(format!(
        "expected two minors, the older one first, as in `--upgrade 1.36..1.37`, found {from} and {to}{help}"
    )))
}

/// Shows the changes in groups, the worst first.
fn show(args: &CheckArgs, changes: &[Change], seen: &[Seen<'_>]) -> Result<(), Failure> {
    for group in changes.chunk_by(|one, other| (one.effect, one.since) == (other.effect, other.since)) {
        let Some(first) = group.first() else { continue };
        Channel::Stdout.report(&format!("{}:\n\n", first.effect.since(first.since)))?;
        // What a group was found in is the same for all of it.
        let findings: Diagnostics = group.iter().map(|change| change.finding.clone()).collect();
        let style = Channel::Stdout.style();
        let text = render(&findings, seen[first.seen].sources, args.input.report.format.into(), style);
        Channel::Stdout.write(format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// Reports the changes as findings that say since when; what is settled is a note.
fn report(args: &CheckArgs, changes: &[Change], seen: &[Seen<'_>]) -> Result<(), Failure> {
    let told = |change: &Change| {
        let message = format!("{}: {}", change.effect.since(change.since), change.finding.message);
        let severity = if change.effect == Effect::Settled { Severity::Note } else { change.finding.severity };
        Diagnostic { message, severity, fix: None, ..change.finding.clone() }
    };
    // All looks read the same files in the same order.
    let findings: Diagnostics = changes.iter().map(told).collect();
    let Some(last) = seen.last() else { return Ok(()) };
    let text = render(&findings, last.sources, args.input.report.format.into(), Channel::Stdout.style());
    Channel::Stdout.write(text.as_bytes())
}

fn summary(changes: &[Change], objects: usize, from: Minor, to: Minor) -> String {
    let counted = |effect: Effect| {
        let number = changes.iter().filter(|change| change.effect == effect).count();
        let what = match effect {
            Effect::Refused => "refused",
            Effect::Warned => "warned of",
            Effect::Default => "with another default",
            Effect::Kept => "taking effect",
            Effect::Settled => "no longer found",
        };
        (number > 0).then(|| format!("{number} {what}"))
    };
    let counts: Vec<String> = Effect::ALL.into_iter().filter_map(counted).collect();
    let plural = if objects == 1 { "" } else { "s" };
    let head = format!("{objects} object{plural} compared for Kubernetes {from} and {to}");
    if counts.is_empty() { format!("{head}: nothing changes") } else { format!("{head}: {}", counts.join(", ")) }
}
