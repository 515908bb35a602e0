//! Changes for a comment on a pull request: numbers first, then the worst effects, as many whole groups as fit.

use std::fmt::Write;

use super::human::word;
use super::lines::{Line, Sign, lines, subject};
use super::{Report, difference, grouped, one_line};
use crate::diff::{Effect, Group};

/// A comment holds 65,536 characters; what is counted in bytes is never too long.
const MOST: usize = 65_000;
/// What is left for the last words.
const END: usize = 400;
/// By this line a comment is found again, so that the next run writes over it.
pub(super) const MARKER: &str = "<!-- fanfold diff -->";

/// Returns the changes as GitHub-flavoured Markdown of at most 65,000 bytes.
pub fn markdown(report: &Report<'_>) -> String {
    let mut out = format!("{MARKER}\n");
    if report.changes.objects.is_empty() {
        let _ = writeln!(out, "### No object changes\n\n{} objects are the same.", grouped(report.changes.same.len()));
        return out;
    }
    head(report, &mut out);
    let mut left = report.groups.len();
    for (number, group) in report.groups.iter().enumerate() {
        let block = block(group, report, number == 0);
        if out.len() + block.len() > MOST - END {
            break;
        }
        out.push_str(&block);
        left -= 1;
    }
    if left > 0 {
        let word = if left == 1 { "entry is" } else { "entries are" };
        let _ = writeln!(
            out,
            "\n{} more {word} left out, the least of those above last; `--format json` has all.",
            grouped(left)
        );
    }
    out
}

fn head(report: &Report<'_>, out: &mut String) {
    let (from, to) = (escape(report.old), escape(report.new));
    let _ = writeln!(out, "### {}; {} the same\n", report.outcome(), grouped(report.changes.same.len()));
    let _ = writeln!(out, "From {from} to {to}, by the rules of Kubernetes {}.\n", report.kubernetes);
    out.push_str("| effect | objects | pods | |\n|---|--:|--:|---|\n");
    for effect in Effect::ALL.into_iter().rev() {
        let count = report.count(effect);
        if count.objects > 0 {
            let (sign, pods) = (sign(effect), grouped(count.pods));
            let _ = writeln!(
                out,
                "| {sign} **{}** | {} | {pods} | {} |",
                effect.words(),
                grouped(count.objects),
                effect.meaning()
            );
        }
    }
    let (before, after) = report.demand();
    if let Some(text) = difference(before, after) {
        let _ = writeln!(out, "\nIn all: {text}.");
    }
    out.push('\n');
}

fn sign(effect: Effect) -> &'static str {
    match effect {
        Effect::DataLoss | Effect::Security | Effect::Breaking | Effect::Removed => "🔴",
        Effect::Recreate => "🟠",
        Effect::Rollout => "🟡",
        Effect::InPlace => "🟢",
        Effect::Metadata | Effect::None => "⚪",
    }
}

fn block(group: &Group, report: &Report<'_>, first: bool) -> String {
    let mut body = String::new();
    for Line { sign, text } in lines(group, report) {
        let mark = match sign {
            Sign::Added => "+",
            Sign::Removed => "-",
            Sign::Note(_) => "!",
            Sign::Changed | Sign::Context => " ",
        };
        let _ = writeln!(body, "{mark} {text}");
    }
    // A fence must be longer than any in the text, or it would end there.
    let longest = body.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let open = if first || group.effect > Effect::Rollout { " open" } else { "" };
    format!(
        "<details{open}><summary>{} <b>{}</b> {}</summary>\n\n{fence}diff\n{body}{fence}\n\n</details>\n",
        sign(group.effect),
        word(group),
        escape(&subject(group, report))
    )
}

/// Keeps a text from being read as HTML or Markdown, or from calling somebody.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = one_line(text);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // What a comment shows is searched for names, issues and addresses once more: these are kept apart from what
            // follows them.
            '@' | '#' => {
                let _ = write!(out, "&#{};&#8203;", u32::from(letter));
            }
            ':' if letters.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '`' | '*' | '_' | '[' | ']' | '|' | '\\' | '~' | '$' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}
