//! A group in; the lines that formats for people show of it out.

use similar::{ChangeTag, TextDiff};

use super::{Report, difference, grouped, one_line};
use crate::diff::effect::shown_text;
use crate::diff::{Condition, Effect, Entry, Group, Path, Shown, What};
use crate::emit::{json, yaml};
use crate::kubernetes::{Look, Tree};
use crate::text::Node;

/// A line of a report.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) sign: Sign,
    pub(super) text: String,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A field that is another.
    Changed,
    /// What is new.
    Added,
    /// What is gone.
    Removed,
    /// What stands around it.
    Context,
    /// A side note with the effect that it tells.
    Note(Effect),
}

/// Values up to this length stand on one line.
const SHORT: usize = 72;
/// The most lines of one value.
const MOST_LINES: usize = 40;
/// The most names of objects.
const NAMES: usize = 4;

/// Returns what the group is: `997 of 1,000 Jobs`, or the one object.
pub(super) fn subject(group: &Group, report: &Report<'_>) -> String {
    let objects = &report.changes.objects;
    let (count, kind) = (group.members.len(), &group.kind);
    let Some(first) = group.members.first().map(|at| &objects[*at]) else { return String::new() };
    if count == 1 {
        return one_line(&match first.fate.was() {
            Some(was) if was.name != first.known.key.name => format!("{was} → {}", first.known.key.name),
            Some(was) => format!("{} ({} → {})", first.known.key, was.api_version(), first.known.key.api_version()),
            None => first.known.key.to_string(),
        });
    }
    let many = plural(kind);
    let of =
        if group.total > count { format!("{} of {}", grouped(count), grouped(group.total)) } else { grouped(count) };
    let spread = if group.condition.is_empty() {
        let names = group.names(report.changes, NAMES);
        let names: Vec<&str> = names.iter().map(smol_str::SmolStr::as_str).collect();
        let more = if count > NAMES { ", …" } else { "" };
        format!(": {}{more}", names.join(", "))
    } else {
        format!(" where {}", conditions(&group.condition))
    };
    let exceptions = match group.exceptions.len() {
        0 => String::new(),
        number => {
            let names: Vec<&str> = group.exceptions.iter().map(smol_str::SmolStr::as_str).collect();
            let word = if number == 1 { "exception" } else { "exceptions" };
            format!("; {number} {word}: {}", names.join(", "))
        }
    };
    one_line(&format!("{of} {many}{spread}{exceptions}"))
}

pub(super) fn conditions(all: &[Condition]) -> String {
    let told = |condition: &Condition| match condition.values.as_slice() {
        [one] => format!("{} = {one}", condition.name),
        many => format!("{} in {}", condition.name, many.join(", ")),
    };
    all.iter().map(told).collect::<Vec<_>>().join(" and ")
}

/// Returns the plural of a kind: `Jobs`, `NetworkPolicies`, `Ingresses`.
pub(super) fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !kind.ends_with("ay") && !kind.ends_with("ey") => format!("{stem}ies"),
        _ if kind.ends_with('s') || kind.ends_with("ch") => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

/// Returns the lines of a group.
pub(super) fn lines(group: &Group, report: &Report<'_>) -> Vec<Line> {
    let mut out = Vec::new();
    for (at, entry) in group.entries.iter().enumerate() {
        entry_lines(entry, group, report, &mut out);
        let change = group.change(entry, report.changes);
        let next = group.entries.get(at + 1).map(|entry| group.change(entry, report.changes));
        // What several changes do for one reason is said below the last of them.
        if let Some(note) = &change.note
            && next.is_none_or(|next| (next.effect, next.note.as_ref()) != (change.effect, Some(note)))
        {
            let text = format!("{}: {}", change.effect.words(), one_line(note));
            out.push(Line { sign: Sign::Note(change.effect), text });
        }
    }
    if !group.followers.is_empty() {
        let pods: u64 = group.followers.iter().map(|at| report.changes.objects[*at].pods()).sum();
        let names: Vec<String> = group
            .followers
            .iter()
            .take(NAMES)
            .map(|at| {
                let key = &report.changes.objects[*at].known.key;
                format!("{} {}", key.kind, key.name)
            })
            .collect();
        let more = if group.followers.len() > NAMES {
            format!(" and {} more", group.followers.len() - NAMES)
        } else {
            String::new()
        };
        let text = format!("followed by {}{more}, {} pods", names.join(", "), grouped(pods));
        out.push(Line { sign: Sign::Note(group.effect), text });
    }
    let sized = |entry: &&Entry| is_sized(&group.change(entry, report.changes).path);
    if group.entries.iter().any(|entry| sized(&entry))
        && let Some(text) = difference(group.before, group.after)
    {
        out.push(Line { sign: Sign::Context, text });
    }
    // Values, names and places are of others: a line of theirs is one line, and colors nothing.
    out.iter_mut().for_each(|line| line.text = one_line(&line.text));
    out
}

/// Whether the number of pods, or what they ask for, depends on a field.
fn is_sized(path: &Path) -> bool {
    let sizes = ["replicas", "parallelism", "completions", "resources", "overhead", "containers", "initContainers"];
    path.0.is_empty()
        || path.keys().any(|key| key == "resources")
        || path.keys().last().is_some_and(|key| sizes.contains(&key))
}

/// Returns the lines of one change of a group.
pub(super) fn entry_lines(entry: &Entry, group: &Group, report: &Report<'_>, out: &mut Vec<Line>) {
    let change = group.change(entry, report.changes);
    // Beside worse things it must be said of what does nothing.
    let idle = if change.effect < group.effect && change.effect == Effect::None { " (no effect)" } else { "" };
    let place = report.source(entry, group).map(|place| format!("    {place}")).unwrap_or_default();
    let place = format!("{idle}{place}");
    let path = one_line(&change.path.to_string());
    let mut push = |sign, text: String| out.push(Line { sign, text });
    if group.fate == "renamed" && group.members.len() == 1 && Path::is_name(&change.path.0) {
        // The title says so.
    } else if change.path.0.is_empty() {
        match &change.what {
            What::Added(..) => push(Sign::Added, format!("added{place}")),
            What::Removed(..) => push(Sign::Removed, format!("removed{place}")),
            _ => {}
        }
    } else if entry.values > 1 {
        let example = match &change.what {
            What::Changed(old, new) => format!("{} → {}", short(old), short(new)),
            What::Added(new, _) => format!("+ {}", short(new)),
            What::Removed(old) => format!("- {}", short(old)),
            What::Reordered(..) | What::Note => String::new(),
        };
        push(Sign::Changed, format!("{path}: {} values, such as {example}{place}", grouped(entry.values)));
    } else {
        match &change.what {
            What::Changed(old, new) => changed(&path, old, new, &place, &mut push),
            What::Added(new, _) => whole(Sign::Added, &path, new, &place, &mut push),
            What::Removed(old) => whole(Sign::Removed, &path, old, &place, &mut push),
            What::Reordered(old, new) => {
                let list = |steps: &[crate::diff::Step]| {
                    one_line(&steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
                };
                push(Sign::Changed, format!("{path}: reordered, {} → {}{place}", list(old), list(new)));
            }
            What::Note => {}
        }
    }
}

fn changed(path: &str, old: &Shown, new: &Shown, place: &str, push: &mut impl FnMut(Sign, String)) {
    let (Shown::Value(was), Shown::Value(is)) = (old, new) else {
        return push(Sign::Changed, format!("{path}: changed, and not shown{place}"));
    };
    let texts = shown_text(old).zip(shown_text(new)).filter(|(old, new)| old.contains('\n') || new.contains('\n'));
    if let Some((old, new)) = texts {
        push(Sign::Changed, format!("{path}:{place}"));
        return text_lines(old, new, push);
    }
    let (one, other) = (inline(was), inline(is));
    if one.chars().count() + other.chars().count() <= SHORT {
        return push(Sign::Changed, format!("{path}: {one} → {other}{place}"));
    }
    push(Sign::Changed, format!("{path}:{place}"));
    if let (Look::List(olds), Look::List(news)) = (was.look(), is.look()) {
        let list = |items: &[Node]| items.iter().map(|item| inline(item) + "\n").collect::<String>();
        text_lines(&list(olds), &list(news), push);
    } else {
        push(Sign::Removed, format!("  {}", cut(&one)));
        push(Sign::Added, format!("  {}", cut(&other)));
    }
}

/// Writes the lines in which two texts differ, with a line around each.
fn text_lines(old: &str, new: &str, push: &mut impl FnMut(Sign, String)) {
    let diff = TextDiff::configure().timeout(std::time::Duration::from_millis(500)).diff_lines(old, new);
    let mut told = 0;
    for (number, hunk) in diff.grouped_ops(1).iter().enumerate() {
        if number > 0 {
            push(Sign::Context, "  …".into());
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            told += 1;
            if told > MOST_LINES {
                return push(Sign::Context, "  … and more".into());
            }
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Context,
                ChangeTag::Delete => Sign::Removed,
                ChangeTag::Insert => Sign::Added,
            };
            push(sign, format!("  {}", cut(&one_line(change.value().trim_end_matches('\n')))));
        }
    }
}

fn whole(sign: Sign, path: &str, value: &Shown, place: &str, push: &mut impl FnMut(Sign, String)) {
    let Shown::Value(node) = value else {
        return push(sign, format!("{path}: not shown{place}"));
    };
    let text = inline(node);
    if text.chars().count() <= SHORT {
        return push(sign, format!("{path}: {text}{place}"));
    }
    push(sign, format!("{path}:{place}"));
    let mut bytes = Vec::new();
    yaml::write(node, &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for (number, line) in text.lines().enumerate() {
        if number == MOST_LINES {
            return push(Sign::Context, "  … and more".into());
        }
        push(sign, format!("  {}", cut(&one_line(line))));
    }
}

fn short(shown: &Shown) -> String {
    match shown {
        Shown::Hidden => "not shown".into(),
        Shown::Value(node) => {
            let text = inline(node);
            if text.chars().count() > SHORT / 2 { text.chars().take(SHORT / 2).chain(['…']).collect() } else { text }
        }
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 400;
    if text.chars().count() > LONGEST { text.chars().take(LONGEST).chain(['…']).collect() } else { text.into() }
}

/// Writes a value on one line: a text that no reader takes for something else as it is.
pub(super) fn inline(node: &Node) -> String {
    if let Look::Text(text) = node.look() {
        let mut bytes = Vec::new();
        if !text.contains('\n') {
            yaml::write(&Node::string(text, node.origin()), &mut bytes);
            return one_line(String::from_utf8_lossy(&bytes).trim_end());
        }
    }
    let mut bytes = Vec::new();
    json::write_compact(node, &mut bytes);
    one_line(&String::from_utf8_lossy(&bytes))
}
