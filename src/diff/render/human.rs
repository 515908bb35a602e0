//! Changes for people at a terminal: the worst first, a block a group.

use std::fmt::Write;

use super::lines::{Line, Sign, entry_lines, lines, parent, runs, shown_path, subject};
use super::{Report, Style, counted, difference, grouped, one_line};
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
        Effect::Removed => "\u{1b}[31m",
        Effect::Breaking => "\u{1b}[1;33m",
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
            let pods = if count.pods > 0 { format!(" ({})", counted(count.pods, "pod")) } else { String::new() };
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

/// Returns a short line a group.
pub fn short(report: &Report<'_>) -> String {
    let mut out = String::new();
    for group in report.groups {
        let changes = brief(group, report);
        let colon = if changes.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "{}: {}{colon}{changes}", group.effect, cut(&subject(group, report), SUBJECT));
    }
    out
}

/// The most characters of what a line of `short` says of a group, and of what it is about.
const BRIEF: usize = 300;
const SUBJECT: usize = 200;
/// The most characters of one change of it.
const CHANGE: usize = 160;
/// More fields than that beside each other are counted.
const COUNTED: usize = 3;

/// Returns the changes of a group on one line: fields beside each other are counted, and what does not fit is.
fn brief(group: &Group, report: &Report<'_>) -> String {
    let mut told: Vec<String> = Vec::new();
    for (entry, run) in group.entries.iter().zip(runs(group, report)) {
        if !report.full && run.of > COUNTED {
            if run.at == 0 {
                let change = group.change(entry, report.changes);
                let last = change.path.0.last().map(ToString::to_string).unwrap_or_default();
                let (count, parent) = (grouped(run.of), shown_path(parent(change)));
                told.push(one_line(&format!("{count} keys of {parent}, such as {last}")));
            }
            continue;
        }
        let mut lines = Vec::new();
        entry_lines(entry, group, report, &mut lines);
        let first = lines.into_iter().find(|line| {
            matches!(line.sign, Sign::Changed | Sign::Added | Sign::Removed) && !line.text.starts_with(' ')
        });
        if let Some(line) = first {
            let text = line.text.split("    ").next().unwrap_or_default().trim_end_matches(':').to_owned();
            told.push(one_line(&text));
        }
    }
    if report.full {
        return told.join("; ");
    }
    let mut out = String::new();
    for (at, text) in told.iter().enumerate() {
        let text = cut(text, CHANGE);
        if at > 0 && out.chars().count() + text.chars().count() > BRIEF {
            let _ = write!(out, "; and {} more", grouped(told.len() - at));
            break;
        }
        let _ = write!(out, "{}{text}", if at > 0 { "; " } else { "" });
    }
    out
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() > most { text.chars().take(most).chain(['…']).collect() } else { text.to_owned() }
}
