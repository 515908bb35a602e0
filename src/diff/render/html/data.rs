//! What the script of the page shows: a report in; tables that name each kind, place and change once out.

use std::collections::HashMap;
use std::hash::Hash;

use rayon::prelude::*;
use serde::Serialize;

use super::super::lines::{Sign, entry_lines, object_name, subject, words};
use super::super::values::inline;
use super::super::{Report, difference, one_line};
use super::batch::{Batch, batches};
use crate::diff::{Change, Effect, Entry, Group, Object, Shown, What};
use crate::emit::yaml;
use crate::kubernetes::ObjectKey;
use crate::text::Origin;

/// Values up to this length stand beside each other.
const SHORT: usize = 240;
/// So many objects that come or go are shown as they are written; the others by their names.
const WRITTEN: usize = 200;
/// The most lines of one of them.
const MOST_LINES: usize = 120;

/// All that the page shows. Numbers stand for what a table of the same name holds there.
#[derive(Serialize)]
pub(super) struct Data {
    effects: Vec<Class>,
    kinds: Vec<(String, String)>,
    namespaces: Vec<String>,
    places: Vec<String>,
    changes: Vec<Told>,
    objects: Vec<Row>,
    groups: Vec<Folded>,
    batches: Vec<Batch>,
}

/// An effect, and what it touches; the least stands first.
#[derive(Serialize)]
struct Class {
    name: &'static str,
    words: &'static str,
    meaning: &'static str,
    objects: usize,
    pods: u64,
}

/// A change; objects that change alike share it.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
struct Told {
    effect: usize,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<(char, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
}

/// An object.
#[derive(Serialize)]
struct Row {
    kind: usize,
    namespace: usize,
    name: String,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "is_none")]
    pods: u64,
    changes: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
}

/// A group of objects that change alike.
#[derive(Serialize)]
struct Folded {
    effect: usize,
    fate: &'static str,
    kind: usize,
    subject: String,
    members: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    followers: Vec<usize>,
    changes: Vec<usize>,
    /// How many pairs of values each of the changes has, where one of them has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    demand: Option<String>,
    pods: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(pods: &u64) -> bool {
    *pods == 0
}

/// Values, each once.
struct Table<T> {
    places: HashMap<T, usize>,
    all: Vec<T>,
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn new() -> Self {
        Self { places: HashMap::new(), all: Vec::new() }
    }

    fn place(&mut self, value: T) -> usize {
        *self.places.entry(value).or_insert_with_key(|value| {
            self.all.push(value.clone());
            self.all.len() - 1
        })
    }
}

impl Data {
    pub(super) fn of(report: &Report<'_>) -> Self {
        let objects = &report.changes.objects;
        let mut tables = Tables {
            report,
            kinds: Table::new(),
            namespaces: Table::new(),
            places: Table::new(),
            changes: Table::new(),
        };
        let mut left = WRITTEN;
        let written: Vec<bool> = objects
            .iter()
            .map(|object| {
                let whole = object.changes.iter().any(|change| change.path.0.is_empty());
                let written = whole && left > 0;
                left -= usize::from(written);
                written
            })
            .collect();
        let told: Vec<Vec<(usize, Told)>> = objects
            .par_iter()
            .enumerate()
            .map(|(at, object)| {
                let group = alone(at, object);
                let described = object.changes.iter().filter(|change| change.words).count();
                let first = object.changes.iter().position(|change| change.words);
                // Of words that nobody obeys, the first stands for all.
                let numbers = (0..object.changes.len())
                    .filter(|number| report.full || !object.changes[*number].words || Some(*number) == first);
                let values = |number: usize| if object.changes[number].words && !report.full { described } else { 1 };
                let told = |number| told(&entry(at, number, values(number)), &group, report, written[at]);
                numbers.map(|number| (number, told(number))).collect()
            })
            .collect();
        let rows = objects.iter().zip(told).map(|(object, told)| tables.row(object, told)).collect();
        let groups = report.groups.iter().map(|group| tables.group(group)).collect();
        let effects = Effect::ALL.into_iter().map(|effect| class(effect, report)).collect();
        Self {
            effects,
            kinds: tables.kinds.all,
            namespaces: tables.namespaces.all,
            places: tables.places.all,
            changes: tables.changes.all,
            objects: rows,
            groups,
            batches: batches(report.changes),
        }
    }
}

struct Tables<'a> {
    report: &'a Report<'a>,
    kinds: Table<(String, String)>,
    namespaces: Table<String>,
    places: Table<String>,
    changes: Table<Told>,
}

impl Tables<'_> {
    fn row(&mut self, object: &Object, told: Vec<(usize, Told)>) -> Row {
        let key = &object.known.key;
        let changes = told.into_iter().map(|(number, told)| {
            let place = self.place(Some(object.changes[number].origin));
            self.changes.place(Told { place, ..told })
        });
        Row {
            changes: changes.collect(),
            kind: self.kind(key),
            namespace: self.namespaces.place(one_line(&key.namespace)),
            name: if key.name.is_empty() { object_name(object, self.report) } else { one_line(&key.name) },
            fate: object.fate.as_str(),
            was: object.fate.was().map(|was| one_line(&was.to_string())),
            pods: object.pods(),
            place: self.place(Some(object.origin)),
        }
    }

    fn group(&mut self, group: &Group) -> Folded {
        let report = self.report;
        let counted = |entry: &Entry| group.change(entry, report.changes).words;
        let mut values: Vec<usize> =
            group.entries.iter().map(|entry| if counted(entry) { 1 } else { entry.values }).collect();
        if values.iter().all(|values| *values <= 1) {
            values.clear();
        }
        let changes = group.entries.iter().map(|entry| {
            let told = told(&Entry { origin: None, ..entry.clone() }, group, report, false);
            let place = report.source(entry, group).map(|source| self.places.place(source));
            self.changes.place(Told { place, ..told })
        });
        let changes = changes.collect();
        let objects = &report.changes.objects;
        // A member whose label repeats its new name follows itself.
        let follows = |at: &usize| group.members.binary_search(at).is_err();
        let followers: Vec<usize> = group.followers.iter().copied().filter(follows).collect();
        Folded {
            changes,
            effect: rank(group.effect),
            fate: group.fate,
            kind: group.members.first().map_or(0, |first| self.kind(&objects[*first].known.key)),
            subject: subject(group, report),
            members: group.members.clone(),
            pods: group.members.iter().chain(&followers).map(|at| objects[*at].pods()).sum(),
            followers,
            values,
            demand: difference(group.before, group.after),
        }
    }

    fn kind(&mut self, key: &ObjectKey) -> usize {
        self.kinds.place((one_line(&key.kind), one_line(&key.api_version())))
    }

    fn place(&mut self, origin: Option<Origin>) -> Option<usize> {
        let place = self.report.place(origin.filter(|origin| !origin.is_nowhere()))?;
        Some(self.places.place(place))
    }
}

fn class(effect: Effect, report: &Report<'_>) -> Class {
    let count = report.count(effect);
    Class {
        name: effect.as_str(),
        words: effect.words(),
        meaning: effect.meaning(),
        objects: count.objects,
        pods: count.pods,
    }
}

/// Returns the place of an effect among all.
fn rank(effect: Effect) -> usize {
    Effect::ALL.iter().position(|other| *other == effect).unwrap_or_default()
}

fn entry(object: usize, change: usize, values: usize) -> Entry {
    Entry { sample: (object, change), values, origin: None }
}

/// Returns an object as a group of its own, for those who write lines of groups.
fn alone(at: usize, object: &Object) -> Group {
    Group {
        group: object.known.key.group.clone(),
        kind: object.known.key.kind.clone(),
        fate: object.fate.as_str(),
        effect: object.effect(),
        members: vec![at],
        entries: Vec::new(),
        total: 1,
        condition: Vec::new(),
        exceptions: Vec::new(),
        before: object.before,
        after: object.after,
        followers: Vec::new(),
    }
}

fn told(entry: &Entry, group: &Group, report: &Report<'_>, written: bool) -> Told {
    let change = group.change(entry, report.changes);
    let mut told = Told {
        effect: rank(change.effect),
        path: one_line(&change.path.to_string()),
        note: change.note.as_deref().map(one_line),
        ..Told::default()
    };
    if change.words && !report.full {
        told.path = "descriptions".into();
        told.lines = vec![('~', words(entry.values, &change.path))];
    } else if change.path.0.is_empty() {
        if written {
            told.lines = whole(change);
        }
    } else if let What::Changed(Shown::Value(old), Shown::Value(new)) = &change.what
        && let (old, new) = (inline(old), inline(new))
        && !old.contains("\\n")
        && !new.contains("\\n")
        && old.len() + new.len() <= SHORT
    {
        (told.old, told.new) = (Some(old), Some(new));
    } else {
        let mut lines = Vec::new();
        let one = Entry { values: 1, ..entry.clone() };
        entry_lines(&one, group, report, &mut lines);
        told.lines = lines
            .into_iter()
            .filter_map(|line| {
                let sign = match line.sign {
                    Sign::Changed => '~',
                    Sign::Added => '+',
                    Sign::Removed => '-',
                    Sign::Context => ' ',
                    // The effect and the note have places of their own.
                    Sign::Note(_) => return None,
                };
                Some((sign, line.text))
            })
            .collect();
    }
    told
}

/// Returns the lines of an object that comes or goes.
fn whole(change: &Change) -> Vec<(char, String)> {
    let (sign, shown) = match &change.what {
        What::Added(shown, _) => ('+', shown),
        What::Removed(shown) => ('-', shown),
        _ => return Vec::new(),
    };
    let Shown::Value(node) = shown else { return Vec::new() };
    let mut bytes = Vec::new();
    yaml::write(node, &mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<(char, String)> = text.lines().take(MOST_LINES).map(|line| (sign, one_line(line))).collect();
    if text.lines().count() > MOST_LINES {
        lines.push((' ', "… and more".into()));
    }
    lines
}
