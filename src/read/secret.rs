//! A text and what was read of it in, the places that hold secrets out: they are marked where they are read.
//!
//! Secret is everything in a Secret, below the `secrets:` of a spec and in a patch of a Secret, but for the names of keys
//! and what names the object itself. Values are not looked for anywhere: a place is secret, whatever stands there. Where
//! a document cannot be read as a whole, its lines show no more than the names of keys.

mod hide;
mod unread;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::hide::{hide_object, hide_unread, hide_unread_values, hide_value};
use self::unread::{embeds_secret, may_hold_secret};
use crate::diagnostic::is_near;
use crate::text::{Entry, FileId, Key, Map, Node, Origin, Sources};

/// The places of a text that hold secrets.
#[derive(Debug, Default)]
pub(super) struct Marks {
    hidden: Vec<Origin>,
    tainted: Vec<Origin>,
}

impl Marks {
    /// Finds the secrets of a part of a text; `sound` says whether all of it was read.
    pub(super) fn of(text: &str, file: FileId, chunk: &Range<usize>, roots: &[Node], sound: bool) -> Self {
        let mut finder = Finder::new(text, file);
        if !sound && may_hold_secret(&text[chunk.clone()]) {
            finder.unread(chunk.clone());
        } else if !sound {
            finder.unread_parameters(chunk.clone());
        }
        let mut starts = roots.iter().map(|root| root.origin().start as usize).skip(1);
        let mut from = chunk.start;
        for root in roots {
            let until = starts.next().unwrap_or(chunk.end);
            finder.document(root, from..until);
            from = until;
        }
        finder.marks
    }

    /// Finds what may be told of a text whose values are all secret, and which cannot be read.
    pub(super) fn of_unread(text: &str, file: FileId) -> Self {
        let mut finder = Finder::new(text, file);
        finder.unread(0..text.len());
        finder.marks
    }

    /// Marks the places for good.
    pub(super) fn put(self, sources: &mut Sources) {
        self.hidden.into_iter().for_each(|origin| sources.hide(origin));
        self.tainted.into_iter().for_each(|origin| sources.taint(origin));
    }
}

/// Whether a text may be the type of a Secret: what is none may be a value that went astray.
pub fn is_secret_type(text: &str) -> bool {
    text == "Opaque" || text.split_once('/').is_some_and(|(domain, _)| domain.contains('.'))
}

struct Finder<'a> {
    text: &'a str,
    file: FileId,
    marks: Marks,
    /// Whether the document is a list, which none is that can be compiled.
    in_list: bool,
}

impl<'a> Finder<'a> {
    fn new(text: &'a str, file: FileId) -> Self {
        Self { text, file, marks: Marks::default(), in_list: false }
    }
}

/// What a part of a document is, as far as it says what is secret in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A document, or several in a list.
    Document,
    /// A spec, or a profile, which is part of one.
    Spec,
    /// The profiles of a spec.
    Profiles,
    /// Patches by the kind of what they change.
    Patches,
    /// Anything in a spec.
    InSpec,
    /// Anything in an object of Kubernetes.
    InObject,
}

impl Finder<'_> {
    fn document(&mut self, root: &Node, range: Range<usize>) {
        // Most documents are one object, and hold no second kind: nothing but its own says that it is a Secret.
        let text = &self.text[range.clone()];
        let holds_part = ["tringD", "tringd", "tring-", "tring_", "functionConfig"].iter();
        let is_one = |map: &Map| {
            !is_spec(map)
                && !is_secret_part(map)
                && !kind_of(map).is_some_and(|kind| is_near(kind, "SecretList"))
                && text.match_indices("kind").nth(1).is_none()
                && !holds_part.clone().any(|part| text.contains(part))
        };
        if root.as_map().is_some_and(is_one) {
            return;
        }
        if root.as_str().is_some_and(may_hold_secret) {
            return self.value(root, range);
        }
        self.in_list = root.as_seq().is_some();
        self.part(root, range, Part::Document);
    }

    /// Hides what is secret in a part of a document, whatever shape it has: the shape may be what is wrong.
    fn part(&mut self, node: &Node, range: Range<usize>, part: Part) {
        if let Some(items) = node.as_seq() {
            let part = if part == Part::Patches { Part::InSpec } else { part };
            for (at, item) in items.iter().enumerate() {
                let next = items.get(at + 1).map(Node::origin);
                self.part(item, self.until(item, next, &range), part);
            }
        } else if let Some(map) = node.as_map() {
            self.mapping(node, map, range, part);
        } else if node.as_str().is_some_and(embeds_secret) {
            self.value(node, range);
        }
    }

    fn mapping(&mut self, node: &Node, map: &Map, range: Range<usize>, given: Part) {
        let part = given;
        if is_secret_part(map) && (part == Part::Document || !is_reference(map, part)) {
            let own = if part == Part::InSpec { told(map) } else { Vec::new() };
            return self.object(node, range, own);
        }
        let part = match part {
            Part::Document if is_spec(map) => Part::Spec,
            Part::Document | Part::InSpec | Part::InObject if is_batch(map) => Part::Spec,
            Part::Document => Part::InObject,
            part => part,
        };
        // Nobody asks what the expressions of a spec read that stands where none is.
        let is_misplaced = part == Part::Spec && (self.in_list || matches!(given, Part::InSpec | Part::InObject));
        if part == Part::Spec && is_config(map) {
            self.config(node, true);
        }
        let of_secrets = kind_of(map).is_some_and(|kind| is_near(kind, "SecretList"));
        let patches_secret = is_patch_of_secret(map);
        let entries = map.iter().as_slice();
        for (at, entry) in entries.iter().enumerate() {
            let key = entry.key.text.as_str();
            let next = entries.get(at + 1).map(|next| next.key.origin);
            let within = self.until(&entry.value, next, &range);
            let below = match part {
                _ if patches_secret && key != "target" => None,
                Part::Spec | Part::Profiles if names_secrets(key) => None,
                Part::InSpec if words(key).any(|word| word == "Secret") => None,
                Part::Patches if patches_secrets(key) => None,
                Part::Spec if is_misplaced && is_near(key, "params") => None,
                Part::Spec if is_near(key, "profiles") => Some(Part::Profiles),
                Part::Spec | Part::InSpec | Part::Patches if key.starts_with("patch") => Some(Part::Patches),
                Part::Spec | Part::InObject if matches!(key, "items" | "functionConfig") => Some(Part::Document),
                Part::Spec | Part::InSpec | Part::Patches => Some(Part::InSpec),
                Part::Profiles => Some(Part::Spec),
                Part::Document | Part::InObject => Some(Part::InObject),
            };
            match (below, entry.value.as_seq()) {
                (None, _) if key == "secrets" => self.declared(entry, within.end),
                (None, _) => self.entry(entry, within.end),
                (Some(_), Some(items)) if of_secrets && key == "items" => {
                    for (at, item) in items.iter().enumerate() {
                        let next = items.get(at + 1).map(Node::origin);
                        self.object(item, self.until(item, next, &within), Vec::new());
                    }
                }
                (Some(below), _) => self.part(&entry.value, within, below),
            }
            if key == "functionConfig" {
                let is_ours = entry.value.as_map().is_some_and(is_batch);
                self.config(&entry.value, !is_ours);
            }
        }
    }

    /// Returns the range from the start of a value to what follows it in the range of what holds both. What an alias
    /// repeats has its own range, elsewhere.
    fn until(&self, value: &Node, next: Option<Origin>, holder: &Range<usize>) -> Range<usize> {
        let origin = value.origin();
        let (start, end) = (origin.start as usize, origin.end as usize);
        if origin.file != self.file || !holder.contains(&start) || end > holder.end {
            return start..end.max(start);
        }
        let next = next.map_or(holder.end, |next| next.start as usize);
        start..next.clamp(end.max(start), holder.end.max(end))
    }

    /// The parameters that the config of a function gives, and what it gives under a name that is none of its own.
    fn config(&mut self, config: &Node, hides_unknown: bool) {
        const KNOWN: &[&str] = &[
            "apiVersion",
            "kind",
            "metadata",
            "spec",
            "data",
            "specs",
            "profiles",
            "kubernetesVersion",
            "deny",
            "allow",
        ];
        for fields in [Some(config), config.get("data")].into_iter().flatten().filter_map(Node::as_map) {
            for entry in fields {
                let key = entry.key.text.as_str();
                if key == "params" || (hides_unknown && !KNOWN.contains(&key)) {
                    let origin = entry.value.origin();
                    self.value(&entry.value, origin.start as usize..origin.end as usize);
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry, end: usize) {
        let from = entry.key.origin.end as usize;
        self.value(&entry.value, from..end.max(entry.value.origin().end as usize));
    }

    /// The Secrets that a spec declares by name: what fans them out, names and marks them is no secret.
    fn declared(&mut self, section: &Entry, end: usize) {
        let entries = || section.value.as_map().into_iter().flatten();
        // Its parts may stand where its entries should.
        let is_flat =
            entries().any(|entry| ["data", "stringData", "files"].iter().any(|key| is_near(&entry.key.text, key)));
        let shown = entries().filter(|_| !is_flat).filter_map(|entry| entry.value.as_map()).flat_map(told).collect();
        let from = section.key.origin.end as usize;
        self.but_for(&section.value, from..end.max(section.value.origin().end as usize), shown);
    }

    /// A Secret: what names it is no secret, and neither is what is told apart.
    fn object(&mut self, object: &Node, range: Range<usize>, told: Vec<Origin>) {
        let names = |at: &str, text: &str| match at {
            "type" => is_secret_type(text),
            "immutable" => matches!(text, "true" | "false"),
            _ => true,
        };
        let metadata = object.get("metadata");
        let own = ["apiVersion", "kind", "type", "immutable"].map(|key| (key, object.get(key)));
        let given = ["name", "namespace", "generateName"].map(|key| (key, metadata.and_then(|node| node.get(key))));
        let shown = own.into_iter().chain(given).filter_map(|(key, node)| {
            let node = node?;
            node.as_str().is_some_and(|text| names(key, text)).then(|| node.origin())
        });
        let shown = shown.chain(told).collect();
        self.but_for(object, range, shown);
    }

    fn value(&mut self, value: &Node, range: Range<usize>) {
        self.but_for(value, range, Vec::new());
    }

    /// Hides a range of the text but for the names of keys, and the parts of the value that stand elsewhere.
    fn but_for(&mut self, value: &Node, range: Range<usize>, shown: Vec<Origin>) {
        let mut open: Vec<Range<usize>> = shown
            .into_iter()
            .filter(|origin| origin.file == self.file && range.contains(&(origin.start as usize)))
            .map(|origin| origin.start as usize..origin.end as usize)
            .collect();
        self.names(value, &range, &mut open);
        self.elsewhere(value, &range);
        self.all_but(range, open);
    }

    /// Hides a range of the text but for some parts of it.
    fn all_but(&mut self, range: Range<usize>, mut open: Vec<Range<usize>>) {
        open.sort_by_key(|open| open.start);
        let mut at = range.start;
        for open in open {
            if at < open.start {
                self.hide(at..open.start);
            }
            at = at.max(open.end);
        }
        if at < range.end {
            self.hide(at..range.end);
        }
    }

    /// Collects the names of keys with their colons.
    fn names(&self, node: &Node, range: &Range<usize>, open: &mut Vec<Range<usize>>) {
        for entry in node.as_map().into_iter().flatten() {
            open.extend(self.name(&entry.key, range));
            self.names(&entry.value, range, open);
        }
        node.as_seq().into_iter().flatten().for_each(|item| self.names(item, range, open));
    }

    /// Returns where a key stands in a range, with its colon. An alias as a key has the place of a value.
    fn name(&self, key: &Key, range: &Range<usize>) -> Option<Range<usize>> {
        let (start, end) = (key.origin.start as usize, key.origin.end as usize);
        if key.origin.file != self.file || start < range.start || end > range.end {
            return None;
        }
        let after = self.text[end..range.end].trim_start_matches(' ');
        after.starts_with(':').then(|| start..range.end - after.len() + 1)
    }

    /// Hides what was written elsewhere and is repeated by an alias.
    fn elsewhere(&mut self, node: &Node, range: &Range<usize>) {
        let origin = node.origin();
        let (start, end) = (origin.start as usize, origin.end as usize);
        let is_within = origin.file == self.file && range.start <= start && end <= range.end;
        node.as_map().into_iter().flatten().for_each(|entry| self.elsewhere(&entry.value, range));
        node.as_seq().into_iter().flatten().for_each(|item| self.elsewhere(item, range));
        if !is_within && node.as_map().is_none() && node.as_seq().is_none() {
            self.marks.hidden.push(origin);
        }
    }

    /// Hides a range line by line, without the white space around it.
    fn hide(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for line in self.text[range].split_inclusive('\n') {
            let start = at + line.len() - line.trim_start().len();
            let end = at + line.trim_end().len();
            if start < end {
                self.marks.hidden.push(Origin::new(self.file, start, end));
            }
            at += line.len();
        }
    }
}

/// Returns the kind that a mapping says it is of, be it with a slip in the key.
pub fn kind_of(map: &Map) -> Option<&str> {
    let is_kind = |entry: &&Entry| entry.key.text.starts_with(['k', 'K']) && is_near(&entry.key.text, "kind");
    let entry = map.entry("kind").or_else(|| map.iter().find(is_kind))?;
    entry.value.as_str()
}

/// Whether a part of an object says that it is a Secret: by its kind, or by what Secrets alone have.
pub fn is_secret_part(map: &Map) -> bool {
    kind_of(map).is_some_and(|kind| is_near(kind, "Secret"))
        || map.iter().any(|entry| has_first(&entry.key.text) && is_near(&entry.key.text, "stringData"))
}

/// Returns the places of what an entry of a spec says of a Secret beside its content: what is written there may be a value
/// that went astray, so it must look like what belongs there.
fn told(entry: &Map) -> Vec<Origin> {
    let mut told = Vec::new();
    for Entry { key, value } in entry {
        let text = value.as_str();
        let is_text = |is: &dyn Fn(&str) -> bool| text.is_some_and(|text| text.contains("{{") || is(text));
        let is_told = match key.text.as_str() {
            "name" | "namespace" => text.is_some(),
            "external" | "nameHash" | "immutable" => is_text(&|text| matches!(text, "true" | "false")),
            "when" => is_text(&|text| ["matrix.", "params.", "index"].iter().any(|read| text.contains(read))),
            "instances" => is_text(&|text| text.bytes().all(|byte| byte.is_ascii_digit())),
            "matrix" => true,
            "match" => value.as_map().is_some(),
            _ => false,
        };
        if is_told {
            told.push(value.origin());
        }
        match key.text.as_str() {
            // Each of them counts as content, but for the value of an axis.
            "labels" | "annotations" => {
                let of_axis =
                    value.as_map().into_iter().flatten().filter(|entry| entry.value.as_str().is_some_and(is_axis));
                told.extend(of_axis.map(|entry| entry.value.origin()));
            }
            "overrides" => {
                let each = value.as_seq().into_iter().flatten().filter_map(Node::as_map);
                told.extend(each.flat_map(self::told));
            }
            _ => {}
        }
    }
    told
}

/// Whether a text is the value of an axis, and nothing else.
fn is_axis(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::trim);
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    inner.is_some_and(|path| path.strip_prefix("matrix.").is_some_and(is_word))
}

/// Whether a mapping inside of something else refers to a Secret, or is about Secrets, and is none itself.
fn is_reference(map: &Map, part: Part) -> bool {
    const OWN: &[&str] = &["apiVersion", "apiGroup", "group", "version", "kind", "optional"];
    let refers = |entry: &Entry| {
        let key = entry.key.text.as_str();
        let is_scalar = entry.value.as_map().is_none() && entry.value.as_seq().is_none();
        let key_ends = |ending: &str| key.to_ascii_lowercase().ends_with(ending);
        is_scalar && (OWN.contains(&key) || ["name", "namespace", "key", "path", "selector"].into_iter().any(key_ends))
    };
    let is_part = |key: &str| ["apiVersion", "metadata", "data", "stringData"].iter().any(|part| is_near(key, part));
    map.iter().all(refers) || (part == Part::InObject && !map.iter().any(|entry| is_part(&entry.key.text)))
}

/// Whether a document is a spec, or may be one that does not say so.
fn is_spec(map: &Map) -> bool {
    map.get("apiVersion").and_then(Node::as_str).is_none_or(is_own_version)
}

fn is_own_version(version: &str) -> bool {
    version.starts_with("fanfold.dev/") || is_near(version, "fanfold.dev/v1")
}

fn is_batch(map: &Map) -> bool {
    let has_own_version = || map.get("apiVersion").and_then(Node::as_str).is_some_and(is_own_version);
    map.get("kind").and_then(Node::as_str).is_some_and(is_kind_of_spec) && is_spec(map)
        || has_own_version() && !is_config(map)
}

/// Whether it is the config of a function, which is no spec.
fn is_config(map: &Map) -> bool {
    let version = map.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    version.starts_with("fanfold.dev/") && kind_of(map).is_some_and(|kind| !is_kind_of_spec(kind))
}

/// Whether a kind is that of specs, or of the parts that they include.
fn is_kind_of_spec(kind: &str) -> bool {
    is_near(kind, "Batch") || is_near(kind, "Part")
}

/// Whether a key of a spec names its Secrets, or one.
fn names_secrets(key: &str) -> bool {
    words(key).any(|word| word == "Secret" || is_near(word, "secrets"))
}

/// Whether a key says of which kind the objects are that a patch changes, and may mean Secrets.
fn patches_secrets(key: &str) -> bool {
    let kind = key.split('/').next().unwrap_or_default();
    words(key).any(|word| word == "Secret") || is_near(kind, "Secret") || kind.contains("{{")
}

/// Whether a mapping is a patch as kustomize has them, of a target that may be a Secret.
fn is_patch_of_secret(map: &Map) -> bool {
    let Some(target) = map.get("target").and_then(Node::as_map) else { return false };
    match kind_of(target) {
        Some(kind) => is_near(kind, "Secret") || words(kind).any(|word| word == "Secret") || kind.contains("{{"),
        None => map.iter().any(|entry| entry.key.text.starts_with("patch")),
    }
}

/// Whether it starts as `stringData` does: most keys are told apart by that.
fn has_first(key: &str) -> bool {
    key.starts_with(['s', 'S'])
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}
