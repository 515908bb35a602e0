//! A group in; the lines that formats for people show of it out.
//!
//! Each format shows a reader what differs in a few lines: fields that stand beside each other and change alike are counted
//! from some number on, unless the report is a full one.

use super::values::{Room, WAY, short};
use super::{Report, counted, difference, grouped, one_line};
use crate::diff::{Change, Condition, Effect, Entry, Fate, Group, Object, Path, Shown, Step, What};
use crate::text::{self, Map, Node, Value};

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

/// The most names of objects.
const NAMES: usize = 4;
/// More fields than that beside each other are counted.
const FIELDS: usize = 12;
/// So many of them are shown.
const SHOWN_FIELDS: usize = 8;
/// The most changes of a group.
const ENTRIES: usize = 60;

/// Returns what the group is: `997 of 1,000 Jobs`, or the one object; those who follow a new name come before it, where more
/// becomes of them.
pub(super) fn subject(group: &Group, report: &Report<'_>) -> String {
    let own = members(group, report);
    if group.own_effect(report.changes) >= group.effect || group.followers.is_empty() {
        return own;
    }
    let objects = &report.changes.objects;
    let followers: Vec<&Object> = group.followers.iter().map(|at| &objects[*at]).collect();
    let one_kind = followers.iter().all(|object| object.known.key.kind == followers[0].known.key.kind);
    let told = match followers.as_slice() {
        [one] => one.known.key.to_string(),
        [first, ..] if one_kind => format!("{} {}", grouped(followers.len()), plural(&first.known.key.kind)),
        _ => format!("{} objects", grouped(followers.len())),
    };
    one_line(&format!("{told}, with {own}"))
}

/// Names one object: one without a name by its file.
pub(super) fn object_name(object: &Object, report: &Report<'_>) -> String {
    let key = &object.known.key;
    one_line(&match (object.fate.was(), report.place(Some(object.origin))) {
        (_, Some(place)) if key.name.is_empty() => format!("{} in {place}", key.kind),
        (Some(was), _) if was.name != key.name && was.namespace == key.namespace => format!("{was} → {}", key.name),
        (Some(was), _) if matches!(object.fate, Fate::Renamed(_)) => {
            let slash = if key.namespace.is_empty() { "" } else { "/" };
            format!("{was} → {}{slash}{}", key.namespace, key.name)
        }
        (Some(was), _) if was.api_version() != key.api_version() => {
            format!("{key} ({} → {})", was.api_version(), key.api_version())
        }
        _ => key.to_string(),
    })
}

fn members(group: &Group, report: &Report<'_>) -> String {
    let objects = &report.changes.objects;
    let (count, kind) = (group.members.len(), &group.kind);
    let Some(first) = group.members.first().map(|at| &objects[*at]) else { return String::new() };
    if count == 1 {
        return object_name(first, report);
    }
    let many = plural(kind);
    let of =
        if group.total > count { format!("{} of {}", grouped(count), grouped(group.total)) } else { grouped(count) };
    let spread = if group.condition.is_empty() {
        let names = group.names(report.changes, NAMES);
        let names: Vec<&str> = names.iter().map(smol_str::SmolStr::as_str).filter(|name| !name.is_empty()).collect();
        let more = if count > NAMES { ", …" } else { "" };
        let all = || group.members.iter().map(|at| objects[*at].known.key.namespace.as_str());
        // What is gone is looked for in its namespace.
        let namespace = all().next().filter(|first| !first.is_empty() && all().all(|other| other == *first));
        let place = namespace.filter(|_| group.fate == "removed").map(|name| format!(" in {name}")).unwrap_or_default();
        if names.is_empty() { place } else { format!("{place}: {}{more}", names.join(", ")) }
    } else {
        let but = matches!(group.condition.as_slice(), [one] if one.but);
        format!("{} {}", if but { ", all but" } else { " where" }, conditions(&group.condition))
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
    let mut shown = 0;
    for ((at, entry), run) in group.entries.iter().enumerate().zip(runs(group, report)) {
        let is_whole = report.full || run.of <= FIELDS;
        if !report.full && shown >= ENTRIES && run.at == 0 {
            let more = grouped(group.entries.len() - at);
            out.push(Line { sign: Sign::Context, text: format!("… and {more} more changes; {WAY}") });
            break;
        }
        if is_whole || run.at < SHOWN_FIELDS {
            shown += 1;
            entry_lines(entry, group, report, &mut out);
        } else if run.at == SHOWN_FIELDS {
            let parent = shown_path(parent(group.change(entry, report.changes)));
            let more = grouped(run.of - SHOWN_FIELDS);
            out.push(Line { sign: Sign::Context, text: format!("… and {more} more of `{parent}`; {WAY}") });
        }
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
        let text = format!("followed by {}{more}, {}", names.join(", "), counted(pods, "pod"));
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

/// The place of an entry among those beside each other that change alike.
pub(super) struct Run {
    /// How many of them stand before it.
    pub(super) at: usize,
    /// How many there are.
    pub(super) of: usize,
}

/// Returns the place of each entry of a group among those that stand beside it in one mapping and change alike.
pub(super) fn runs(group: &Group, report: &Report<'_>) -> Vec<Run> {
    let changes: Vec<&Change> = group.entries.iter().map(|entry| group.change(entry, report.changes)).collect();
    let mut out = Vec::with_capacity(changes.len());
    let mut start = 0;
    while start < changes.len() {
        let own = changes[start];
        let alike = |other: &&&Change| {
            let both = [own, **other];
            both.iter().all(|change| !change.words && change.path.0.len() > 1)
                && parent(own) == parent(other)
                && (own.effect, &own.note) == (other.effect, &other.note)
        };
        let count = 1 + changes[start + 1..].iter().take_while(alike).count();
        out.extend((0..count).map(|at| Run { at, of: count }));
        start += count;
    }
    out
}

/// Returns the way to what holds a field.
pub(super) fn parent(change: &Change) -> &[Step] {
    change.path.0.split_last().map_or(&[], |(_, above)| above)
}

/// Writes a path so that it fits on a line.
pub(super) fn shown_path(path: &[Step]) -> String {
    const LONGEST: usize = 160;
    const STEP: usize = 60;
    let cut = |text: &smol_str::SmolStr| match text.char_indices().nth(STEP) {
        Some((end, _)) => smol_str::format_smolstr!("{}…", &text[..end]),
        None => text.clone(),
    };
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => Step::Key(key.clone()),
        Step::Item(values) => Step::Item(values.iter().map(|(key, value)| (key.clone(), cut(value))).collect()),
        Step::Member(value) => Step::Member(cut(value)),
    });
    let text = one_line(&Path(steps.collect()).to_string());
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let (start, end): (String, String) =
        (text.chars().take(LONGEST / 2).collect(), text.chars().skip(length - LONGEST / 2).collect());
    format!("{start}…{end}")
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
    let path = if report.full { one_line(&change.path.to_string()) } else { shown_path(&change.path.0) };
    let room = Room::of(report.full);
    if change.words && !report.full {
        let text = format!("{}{place}", words(entry.values, &change.path));
        return out.push(Line { sign: Sign::Changed, text });
    }
    if change.words && entry.values > 1 {
        return all_words(group, report, out);
    }
    let mut push = |sign, text: String| out.push(Line { sign, text });
    if group.fate == "renamed" && group.members.len() == 1 && Path::is_name(&change.path.0) {
        // The title says so.
    } else if change.path.0.is_empty() {
        match &change.what {
            What::Added(..) => push(Sign::Added, format!("added{place}")),
            What::Removed(..) => push(Sign::Removed, format!("removed{}{place}", stood(entry, group, report))),
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
        // What a definition says of a field in words is no part of what it allows.
        let bare = |shown: &Shown| match shown {
            Shown::Value(node) if group.kind == "CustomResourceDefinition" && !report.full => {
                Shown::Value(without_words(node))
            }
            shown => shown.clone(),
        };
        match &change.what {
            What::Changed(old, new) => room.changed(&path, old, new, &place, &mut push),
            What::Added(new, _) => room.whole(Sign::Added, &path, &bare(new), &place, &mut push),
            What::Removed(old) => room.whole(Sign::Removed, &path, &bare(old), &place, &mut push),
            What::Reordered(old, new) => {
                let list =
                    |steps: &[Step]| one_line(&steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                let text = format!("{path}: reordered, {} → {}", list(old), list(new));
                push(Sign::Changed, room.cut(&text) + &place);
            }
            What::Note => {}
        }
    }
}

/// Says where the first objects of a group stood that are gone, where that is not one line.
fn stood(entry: &Entry, group: &Group, report: &Report<'_>) -> String {
    if entry.origin.is_some() {
        return String::new();
    }
    let origins = group.members.iter().map(|at| report.changes.objects[*at].origin);
    let mut places: Vec<String> = origins.filter_map(|origin| report.place(Some(origin))).collect();
    places.dedup();
    let more = if places.len() > NAMES { ", …" } else { "" };
    places.truncate(NAMES);
    if places.is_empty() { String::new() } else { format!("    {}{more}", places.join(", ")) }
}

/// Leaves out the descriptions of a schema; a field of that name has a schema, and stays.
fn without_words(node: &Node) -> Node {
    match node.value() {
        Value::Map(map) => {
            let kept = map.iter().filter(|entry| entry.key.text != "description" || entry.value.as_map().is_some());
            let kept = kept.map(|entry| text::Entry { key: entry.key.clone(), value: without_words(&entry.value) });
            Node::map(Map::of_distinct(kept.collect()), node.origin())
        }
        Value::Seq(items) => Node::seq(items.iter().map(without_words).collect(), node.origin()),
        _ => node.clone(),
    }
}

/// Says how many words differ that nobody obeys.
pub(super) fn words(count: usize, path: &Path) -> String {
    let last = path.keys().last().unwrap_or_default();
    if count == 1 { format!("1 {last} changed") } else { format!("{} descriptions changed", grouped(count)) }
}

/// Writes all words of the objects of a group that differ.
fn all_words(group: &Group, report: &Report<'_>, out: &mut Vec<Line>) {
    for at in &group.members {
        let object = &report.changes.objects[*at];
        let name = if group.members.len() > 1 { format!("{}: ", object_name(object, report)) } else { String::new() };
        for change in object.changes.iter().filter(|change| change.words) {
            let path = format!("{name}{}", one_line(&change.path.to_string()));
            let place = report.place(Some(change.origin)).map(|place| format!("    {place}")).unwrap_or_default();
            let mut push = |sign, text: String| out.push(Line { sign, text });
            match &change.what {
                What::Changed(old, new) => Room::of(true).changed(&path, old, new, &place, &mut push),
                What::Added(new, _) => Room::of(true).whole(Sign::Added, &path, new, &place, &mut push),
                What::Removed(old) => Room::of(true).whole(Sign::Removed, &path, old, &place, &mut push),
                What::Reordered(..) | What::Note => {}
            }
        }
    }
}
