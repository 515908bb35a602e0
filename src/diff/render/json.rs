//! Changes for programs: `schemas/diff.schema.json` says the form. Keys are added in one version, never renamed or dropped.

use std::borrow::Cow;

use rayon::prelude::*;

use super::{Report, cpu, memory};
use crate::diff::{Change, Demand, Effect, Group, Object, Shown, Step, What};
use crate::emit::{json as tree, quote};
use crate::kubernetes::ObjectKey;
use crate::text::{Origin, harmless};

/// The version of the form.
const VERSION: u32 = 1;

/// Returns the changes as JSON: numbers, folded groups, and each object with each of its changes.
pub fn json(report: &Report<'_>) -> String {
    let mut out = Writer::default();
    out.raw("{\n");
    out.raw(&format!("\"version\": {VERSION},\n\"kubernetes\": \"{}\",\n\"old\": ", report.kubernetes));
    out.text(report.old);
    out.raw(",\n\"new\": ");
    out.text(report.new);
    out.raw(",\n\"summary\": ");
    summary(report, &mut out);
    out.raw(",\n\"groups\": [");
    for (at, each) in report.groups.iter().enumerate() {
        out.raw(if at > 0 { ",\n  " } else { "\n  " });
        group(each, report, &mut out);
    }
    out.raw("\n],\n\"objects\": [");
    let objects: Vec<Vec<u8>> = report
        .changes
        .objects
        .par_iter()
        .map(|each| {
            let mut out = Writer::default();
            object(each, report, &mut out);
            out.0
        })
        .collect();
    for (at, each) in objects.iter().enumerate() {
        out.raw(if at > 0 { ",\n  " } else { "\n  " });
        out.0.extend_from_slice(each);
    }
    out.raw("\n]\n}\n");
    let text = String::from_utf8(out.0).unwrap_or_default();
    match harmless::json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(written) => written,
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, text: &str) {
        quote::json(text, &mut self.0);
    }

    /// Writes a key; the first of an object follows a brace.
    fn key(&mut self, key: &str) {
        if !matches!(self.0.last(), Some(b'{')) {
            self.raw(", ");
        }
        self.text(key);
        self.raw(": ");
    }

    fn member(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    fn maybe(&mut self, key: &str, text: Option<&str>) {
        self.key(key);
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    fn number(&mut self, key: &str, number: impl std::fmt::Display) {
        self.key(key);
        self.raw(&number.to_string());
    }

    fn list<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.key(key);
        self.raw("[");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.raw(", ");
            }
            write(self, item);
        }
        self.raw("]");
    }

    fn demand(&mut self, key: &str, demand: Demand) {
        self.key(key);
        self.raw("{");
        self.number("pods", demand.pods);
        self.member("cpu", &cpu(demand.cpu));
        self.member("memory", &memory(demand.memory));
        self.raw("}");
    }

    fn identity(&mut self, key: &ObjectKey) {
        self.member("apiVersion", &key.api_version());
        self.member("kind", &key.kind);
        self.maybe("namespace", Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty()));
        self.member("name", &key.name);
    }

    fn place(&mut self, origin: Option<Origin>, report: &Report<'_>) {
        self.key("place");
        match origin.and_then(|origin| report.sources.place(origin)) {
            Some((file, place)) => {
                self.raw("{");
                self.member("file", file);
                self.number("line", place.line);
                self.raw("}");
            }
            None => self.raw("null"),
        }
    }
}

fn summary(report: &Report<'_>, out: &mut Writer) {
    out.raw("{");
    out.key("objects");
    out.raw("{");
    for word in ["added", "removed", "changed", "renamed", "migrated"] {
        out.number(word, report.fates(word));
    }
    out.number("same", report.changes.same.len());
    out.raw("}");
    out.key("effects");
    out.raw("{");
    for effect in Effect::ALL {
        let count = report.count(effect);
        out.key(effect.as_str());
        out.raw("{");
        out.number("objects", count.objects);
        out.number("pods", count.pods);
        out.raw("}");
    }
    out.raw("}");
    let (before, after) = report.demand();
    out.demand("before", before);
    out.demand("after", after);
    out.raw("}");
}

fn group(group: &Group, report: &Report<'_>, out: &mut Writer) {
    out.raw("{");
    out.member("group", &group.group);
    out.member("kind", &group.kind);
    out.member("fate", group.fate);
    out.member("effect", group.effect.as_str());
    out.number("count", group.members.len());
    out.number("total", group.total);
    out.list("where", &group.condition, |out, condition| {
        out.raw("{");
        out.member("name", &condition.name);
        out.list("values", &condition.values, |out, value| out.text(value));
        out.key("not");
        out.raw(if condition.but { "true" } else { "false" });
        out.raw("}");
    });
    out.list("exceptions", &group.exceptions, |out, name| out.text(name));
    out.demand("before", group.before);
    out.demand("after", group.after);
    out.list("objects", &group.members, |out, at| out.raw(&at.to_string()));
    out.list("followers", &group.followers, |out, at| out.raw(&at.to_string()));
    out.list("changes", &group.entries, |out, entry| {
        out.raw("{");
        members(group.change(entry, report.changes), out);
        out.number("values", entry.values);
        out.place(entry.origin, report);
        out.list("causes", &report.causes(entry), |out, cause| {
            out.raw("{");
            out.member("value", &cause.path);
            out.place(Some(cause.origin), report);
            out.raw("}");
        });
        out.raw("}");
    });
    out.raw("}");
}

fn object(object: &Object, report: &Report<'_>, out: &mut Writer) {
    out.raw("{");
    out.identity(&object.known.key);
    out.member("fate", object.fate.as_str());
    out.key("was");
    match object.fate.was() {
        Some(was) => {
            out.raw("{");
            out.identity(was);
            out.raw("}");
        }
        None => out.raw("null"),
    }
    out.member("effect", object.effect().as_str());
    out.demand("before", object.before);
    out.demand("after", object.after);
    out.key("traits");
    out.raw("{");
    for (name, value) in &object.known.traits {
        out.member(name, value);
    }
    out.raw("}");
    out.place(Some(object.origin), report);
    out.list("changes", &object.changes, |out, change| {
        out.raw("{");
        members(change, out);
        out.place(Some(change.origin), report);
        out.raw("}");
    });
    out.raw("}");
}

fn members(change: &Change, out: &mut Writer) {
    out.list("path", &change.path.0, step);
    out.member("field", &change.path.to_string());
    let (word, values, at) = match &change.what {
        What::Added(new, at) => ("added", [None, Some(new)], *at),
        What::Removed(old) => ("removed", [Some(old), None], None),
        What::Changed(old, new) => ("changed", [Some(old), Some(new)], None),
        What::Reordered(..) => ("reordered", [None, None], None),
        What::Note => ("note", [None, None], None),
    };
    out.member("change", word);
    for (key, value) in ["old", "new"].into_iter().zip(values) {
        if let Some(Shown::Value(node)) = value {
            out.key(key);
            tree::write_compact(node, &mut out.0);
        }
    }
    if values.into_iter().flatten().any(|value| *value == Shown::Hidden) {
        out.key("hidden");
        out.raw("true");
    }
    if let Some(at) = at {
        out.number("at", at);
    }
    if let What::Reordered(old, new) = &change.what {
        out.list("oldOrder", old, step);
        out.list("newOrder", new, step);
    }
    out.member("effect", change.effect.as_str());
    out.maybe("note", change.note.as_deref());
    out.key("follows");
    out.raw(if change.follows { "true" } else { "false" });
}

/// Writes a step: a text for a key, an object for an item that is told by its values.
fn step(out: &mut Writer, step: &Step) {
    match step {
        Step::Key(key) => out.text(key),
        Step::Item(values) => {
            out.raw("{");
            for (key, value) in values {
                out.member(key, value);
            }
            out.raw("}");
        }
        Step::Member(value) => out.list_of_one(value),
    }
}

impl Writer {
    /// Writes the member of a set: a list of one text.
    fn list_of_one(&mut self, value: &str) {
        self.raw("[");
        self.text(value);
        self.raw("]");
    }
}
