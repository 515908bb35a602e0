//! Changes for people at a terminal: the worst first, a block a group.

use std::fmt::Write;

use super::lines::{Line, Sign, lines, subject};
use super::{Report, Style, difference, grouped};
use crate::diff::{Effect, Group};

const PLAIN: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";

/// Returns the colour of an effect.
fn color(effect: Effect) -> &'static str {
    match effect {
        Effect::None | Effect::Metadata => "\u{1b}[2m",
        Effect::InPlace => "\u{1b}[32m",
        Effect::Rollout => "\u{1b}[33m",
        Effect::Recreate => "\u{1b}[35m",
        Effect::Security => "\u{1b}[1;35m",
        Effect::DataLoss => "\u{1b}[1;31m",
    }
}

/// Names what a group is by its effect; where that says little, by what became of the objects.
pub(super) fn word(group: &Group) -> &'static str {
    match group.fate {
        "added" | "removed" if group.effect == Effect::InPlace => group.fate,
        _ => group.effect.words(),
    }
}

/// Returns the changes as people read them; nothing where there is none.
pub fn human(report: &Report<'_>, style: Style) -> String {
    let mut out = String::new();
    if report.changes.objects.is_empty() {
        return out;
    }
    let paint = |code: &'static str| if style.color { code } else { "" };
    for group in report.groups {
        let effect = group.effect;
        let _ = writeln!(
            out,
            "{}{:<13}{} {}{}{}",
            paint(color(effect)),
            word(group),
            paint(PLAIN),
            paint(BOLD),
            subject(group, report),
            paint(PLAIN)
        );
        for Line { sign, text } in lines(group, report) {
            let (mark, code) = match sign {
                Sign::Changed => ("~", ""),
                Sign::Added => ("+", "\u{1b}[32m"),
                Sign::Removed => ("-", "\u{1b}[31m"),
                Sign::Context => (" ", DIM),
                Sign::Note(effect) => ("!", color(effect)),
            };
            let end = if code.is_empty() { "" } else { paint(PLAIN) };
            let _ = writeln!(out, "  {}{mark} {text}{end}", paint(code));
        }
        out.push('\n');
    }
    out.push_str(&summary(report));
    out
}

/// Returns what there is in all, in two lines.
fn summary(report: &Report<'_>) -> String {
    let mut out = format!("{}; {} the same\n", report.outcome(), grouped(report.changes.same.len()));
    let effects: Vec<String> = Effect::ALL
        .into_iter()
        .rev()
        .filter_map(|effect| {
            let count = report.count(effect);
            let pods = if count.pods > 0 { format!(" ({} pods)", grouped(count.pods)) } else { String::new() };
            (count.objects > 0).then(|| format!("{} {}{pods}", effect.words(), grouped(count.objects)))
        })
        .collect();
    let _ = writeln!(out, "{}", effects.join(", "));
    let (before, after) = report.demand();
    if let Some(text) = difference(before, after) {
        let _ = writeln!(out, "{text}");
    }
    out
}

/// Returns a line a group.
pub fn short(report: &Report<'_>) -> String {
    let mut out = String::new();
    for group in report.groups {
        let mut changes: Vec<String> = Vec::new();
        for Line { sign, text } in lines(group, report) {
            if matches!(sign, Sign::Changed | Sign::Added | Sign::Removed) && !text.starts_with(' ') {
                let text = text.split("    ").next().unwrap_or_default();
                changes.push(text.trim_end_matches(':').to_owned());
            }
        }
        let _ = writeln!(out, "{}: {}: {}", group.effect, subject(group, report), changes.join("; "));
    }
    out
}
