//! `fanfold diff`: two sides in, what lies between them and what it does out.

use std::io::Write;

use super::args::{DiffArgs, DiffFormatArg, FormatArg, ReportArgs};
use super::session::{Channel, Session, facts};
use super::sides::Side;
use super::{Exit, Failure};
use crate::diff::{Report, Style, diff, fold, human, json, markdown, short};

/// Compares; exits as `kubectl diff` does: 0 where both sides are the same, 1 where they differ, above where nobody knows.
pub(super) fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = sides(args)?;
    if old.is_stdin() && new.is_stdin() {
        return Err(Failure::Usage("standard input can be one side only".into()));
    }
    let report = ReportArgs { format: FormatArg::Human, deny: Vec::new(), allow: Vec::new() };
    let mut session = Session::new(&report)?;
    let facts = facts(args.variant.kubernetes_version.as_deref())?;
    let old = match old.read(&args.variant, &mut session)? {
        Ok(held) => held,
        Err(exit) => return Ok(exit),
    };
    let new = match new.read(&args.variant, &mut session)? {
        Ok(held) => held,
        Err(exit) => return Ok(exit),
    };
    let changes = diff(&old.objects, &new.objects, facts, &session.sources);
    let groups = fold(&changes);
    let report = Report {
        changes: &changes,
        groups: &groups,
        sources: &session.sources,
        old: &old.name,
        new: &new.name,
        kubernetes: facts.minor,
    };
    let style = Channel::Stdout.style();
    let text = match args.format {
        DiffFormatArg::Human => human(&report, Style { color: style.color, width: style.width }),
        DiffFormatArg::Markdown => markdown(&report),
        DiffFormatArg::Json => json(&report),
        DiffFormatArg::Short => short(&report),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    let fails = if args.fail_on.is_empty() {
        !changes.is_empty()
    } else {
        args.fail_on.iter().any(|effect| changes.has((*effect).into()))
    };
    Ok(if fails { Exit::Findings } else { Exit::Fine })
}

/// Returns the old side and the new one.
fn sides(args: &DiffArgs) -> Result<(Side, Side), Failure> {
    match (&args.against, args.inputs.as_slice()) {
        (Some(old), inputs) if !inputs.is_empty() => Ok((Side::parse(old), Side::Paths(inputs.to_vec()))),
        (None, [old, new]) => Ok((Side::parse(old), Side::parse(new))),
        (None, inputs) => Err(Failure::Usage(format!(
            "expected `fanfold diff OLD NEW` or `fanfold diff SPEC… --against OLD`, found {} side{}",
            inputs.len(),
            if inputs.len() == 1 { "" } else { "s" }
        ))),
        (Some(_), _) => Err(Failure::Usage("expected `fanfold diff SPEC… --against OLD`, found no spec".into())),
    }
}
