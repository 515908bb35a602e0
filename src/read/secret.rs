//! A text and what was read of it in, the places that hold secrets out: they are marked where they are read.
//!
//! Secret is everything in a Secret, below the `secrets:` of a spec and in a patch of a Secret, but for the names of keys
//! and what names the object itself. Values are not looked for anywhere: a place is secret, whatever stands there. Where
//! a document cannot be read as a whole, its lines show no more than the names of keys.

use std::ops::Range;

use crate::diagnostic::is_near;
use crate::text::{Entry, FileId, Map, Node, Origin, Sources};

/// What marks a document that cannot be read: it may hold a Secret, or a spec's secrets.
const WORDS: &[&str] = &["secrets", "stringData"];
/// What marks the parameters of a spec that cannot be read: Secrets may be made of them elsewhere.
const PARAMETERS: &str = "params";

/// The places of a text that hold secrets.
#[derive(Debug, Default)]
pub(super) struct Marks {
    hidden: Vec<Origin>,
    tainted: Vec<Origin>,
}

impl Marks {
    /// Finds the secrets of a part of a text; `sound` says whether all of it was read.
    pub(super) fn of(text: &str, file: FileId, chunk: &Range<usize>, roots: &[Node], sound: bool) -> Self {
        let mut finder = Finder { text, file, marks: Self::default() };
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
        let mut finder = Finder { text, file, marks: Self::default() };
        finder.unread(0..text.len());
        finder.marks
    }

    /// Marks the places for good.
    pub(super) fn put(self, sources: &mut Sources) {
        self.hidden.into_iter().for_each(|origin| sources.hide(origin));
        self.tainted.into_iter().for_each(|origin| sources.taint(origin));
    }
}

/// Hides the documents of a text that is no YAML yet, and that may become Secrets; whether there is any.
pub fn hide_unread(sources: &mut Sources, file: FileId) -> bool {
    let Some(text) = sources.file(file).map(|file| file.text.clone()) else { return false };
    let mut finder = Finder { text: &text, file, marks: Marks::default() };
    for chunk in super::split(&text).into_iter().filter(|chunk| may_hold_secret(&text[chunk.clone()])) {
        finder.unread(chunk);
    }
    let any = !finder.marks.tainted.is_empty();
    finder.marks.put(sources);
    any
}

/// Hides a value, wherever its parts were written; the names of its keys stay.
pub fn hide_value(value: &Node, sources: &mut Sources) {
    let origin = value.origin();
    let Some(text) = sources.file(origin.file).map(|file| file.text.clone()) else { return };
    let mut finder = Finder { text: &text, file: origin.file, marks: Marks::default() };
    finder.value(value, origin.start as usize..origin.end as usize);
    finder.marks.put(sources);
}

struct Finder<'a> {
    text: &'a str,
    file: FileId,
    marks: Marks,
}

impl Finder<'_> {
    fn document(&mut self, root: &Node, range: Range<usize>) {
        let Some(map) = root.as_map() else { return };
        if is_secret(map) {
            return self.object(root, range);
        }
        let items = map.get("items").and_then(Node::as_seq).unwrap_or_default();
        let of_secrets = kind(map).is_some_and(|kind| is_near(kind, "SecretList"));
        for (at, item) in items.iter().enumerate() {
            let next = items.get(at + 1).map_or(root.origin().end, |next| next.origin().start) as usize;
            let inside = item.origin().start as usize..next.max(item.origin().end as usize);
            if of_secrets { self.object(item, inside) } else { self.document(item, inside) }
        }
        if let Some(config) = map.get("functionConfig") {
            self.document(config, config.origin().start as usize..config.origin().end as usize);
            self.config(config);
        }
        match root.get("apiVersion").and_then(Node::as_str) {
            Some(version) if version.starts_with("fanfold.dev/") => {
                if kind(map).is_some_and(|kind| !is_near(kind, "Batch")) {
                    self.config(root);
                }
                self.spec(map, range.end);
            }
            None => self.spec(map, range.end),
            Some(version) if is_near(version, "fanfold.dev/v1") => self.spec(map, range.end),
            Some(_) => {}
        }
    }

    /// The parameters that the config of a function gives.
    fn config(&mut self, config: &Node) {
        for params in [config.get("params"), config.at(&["data", "params"])].into_iter().flatten() {
            self.value(params, params.origin().start as usize..params.origin().end as usize);
        }
    }

    fn spec(&mut self, map: &Map, end: usize) {
        for (at, entry) in map.iter().enumerate() {
            let key = entry.key.text.as_str();
            if words(key).any(|word| is_near(word, "secrets")) || words(key).any(|word| word == "Secret") {
                let next = map.iter().skip(at + 1).map(|entry| entry.key.origin.start as usize).next();
                self.entry(entry, next.unwrap_or(end));
            } else if is_near(key, "profiles") {
                for profile in entry.value.as_map().into_iter().flatten() {
                    if let Some(inner) = profile.value.as_map() {
                        self.spec(inner, profile.value.origin().end as usize);
                    }
                }
            } else {
                self.patches(&entry.value, key.starts_with("patch"));
            }
        }
    }

    /// Patches of Secrets, at any depth.
    fn patches(&mut self, node: &Node, by_kind: bool) {
        for entry in node.as_map().into_iter().flatten() {
            let key = entry.key.text.as_str();
            let kind = key.split('/').next().unwrap_or_default();
            if words(key).any(|word| word == "Secret") || (by_kind && (is_near(kind, "Secret") || kind.contains("{{")))
            {
                self.entry(entry, entry.value.origin().end as usize);
            } else {
                self.patches(&entry.value, key.starts_with("patch"));
            }
        }
        node.as_seq().into_iter().flatten().for_each(|item| self.patches(item, false));
    }

    fn entry(&mut self, entry: &Entry, end: usize) {
        let from = entry.key.origin.end as usize;
        self.value(&entry.value, from..end.max(entry.value.origin().end as usize));
    }

    /// A Secret: what names it is no secret.
    fn object(&mut self, object: &Node, range: Range<usize>) {
        // What is no type of Secrets may be a value that went astray.
        let is_type =
            |text: &str| text == "Opaque" || text.split_once('/').is_some_and(|(domain, _)| domain.contains('.'));
        let names = |at: &str, text: &str| match at {
            "type" => is_type(text),
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
        let shown = shown.collect();
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

    /// Collects the names of keys with their colons; hides what was written elsewhere and is repeated by an alias.
    fn names(&mut self, node: &Node, range: &Range<usize>, open: &mut Vec<Range<usize>>) {
        let origin = node.origin();
        let (start, end) = (origin.start as usize, origin.end as usize);
        let is_within = origin.file == self.file && range.start <= start && end <= range.end;
        for entry in node.as_map().into_iter().flatten() {
            let key = entry.key.origin;
            let (start, end) = (key.start as usize, key.end as usize);
            if key.file == self.file && range.start <= start && end <= range.end {
                // An alias as a key has the place of a value.
                let after = self.text[end..range.end].trim_start_matches(' ');
                if after.starts_with(':') {
                    open.push(start..range.end - after.len() + 1);
                }
            }
            self.names(&entry.value, range, open);
        }
        node.as_seq().into_iter().flatten().for_each(|item| self.names(item, range, open));
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

    /// Hides what a text that could not be read says of parameters: the lines below their key, and all of the text where
    /// they stand in any other way. Expressions only name them.
    fn unread_parameters(&mut self, range: Range<usize>) {
        let is_named = |text: &str| around_expressions(text).flat_map(words).any(|word| is_near(word, PARAMETERS));
        // Where the lines below a key begin, and how far it is indented.
        let mut below: Option<(usize, usize)> = None;
        let mut open = false;
        let mut at = range.start;
        for line in self.text[range.clone()].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let body = line.trim();
            let indent = line.len() - line.trim_start().len();
            if let Some((from, outer)) = below {
                if open || indent > outer || body.is_empty() || body.starts_with('#') {
                    open |= leaves_open(body);
                    continue;
                }
                self.unread(from..start);
                below = None;
            }
            match name_of_key(body) {
                Some(name) if is_named(&body[name.clone()]) => {
                    below = Some((start, indent));
                    open = leaves_open(&body[name.end..]);
                }
                _ if is_named(body) && !body.starts_with('#') => return self.unread(range),
                _ => {}
            }
        }
        if let Some((from, _)) = below {
            self.unread(from..range.end);
        }
    }

    /// Hides all of a text that could not be read, but for what can be nothing else than the name of a key.
    fn unread(&mut self, range: Range<usize>) {
        self.marks.tainted.push(Origin::new(self.file, range.start, range.end));
        // Lines that are indented more belong to a value, and so does all that follows a quote or bracket left open.
        let (mut inside, mut open) = (None, false);
        let mut at = range.start;
        for line in self.text[range].split_inclusive('\n') {
            let start = at + line.len() - line.trim_start().len();
            let end = (at + line.trim_end().len()).max(start);
            let body = &self.text[start..end];
            let indent = start - at;
            at += line.len();
            if body.is_empty() || body == "---" {
                continue;
            }
            let column = indent + body.len() - body.trim_start_matches("- ").len();
            let name = name_of_key(body).filter(|_| !open && inside.is_none_or(|inside| indent <= inside));
            let Some(name) = name else {
                self.hide(start..end);
                open |= !body.starts_with('#') && leaves_open(body);
                continue;
            };
            let value = body[name.end..].trim();
            self.hide(start..start + name.start);
            self.hide(start + name.end..end);
            inside = (!value.is_empty() && !value.starts_with('#')).then_some(column);
            open |= leaves_open(value);
        }
    }
}

/// Returns where the name of a key stands in a line, with its colon.
fn name_of_key(line: &str) -> Option<Range<usize>> {
    let start = line.len() - line.trim_start_matches("- ").len();
    let name = &line[start..];
    let quote = name.chars().next().filter(|first| matches!(first, '"' | '\''));
    let bare = quote.map_or(name, |quote| name.trim_start_matches(quote));
    let length = bare.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_./-".contains(letter)))?;
    let rest = &bare[length..];
    let rest = quote.map_or(Some(rest), |quote| rest.strip_prefix(quote))?;
    let after = rest.strip_prefix(':')?;
    let is_key = length > 0 && (after.is_empty() || after.starts_with([' ', '\t']));
    is_key.then(|| start..line.len() - after.len())
}

/// Whether a quote or bracket of a line is not closed on it.
fn leaves_open(text: &str) -> bool {
    let count = |wanted: char| text.chars().filter(|letter| *letter == wanted).count();
    count('"') % 2 == 1 || count('\'') % 2 == 1 || count('{') != count('}') || count('[') != count(']')
}

fn kind(map: &Map) -> Option<&str> {
    let entry = map.entry("kind").or_else(|| map.iter().find(|entry| is_near(&entry.key.text, "kind")))?;
    entry.value.as_str()
}

fn is_secret(map: &Map) -> bool {
    kind(map).is_some_and(|kind| is_near(kind, "Secret"))
        || map.iter().any(|entry| has_first(&entry.key.text) && is_near(&entry.key.text, "stringData"))
}

/// Whether it starts as `stringData` does: most keys are told apart by that.
fn has_first(key: &str) -> bool {
    key.starts_with(['s', 'S'])
}

/// Whether a text that could not be read says that it is, or holds, a Secret.
fn may_hold_secret(text: &str) -> bool {
    let mut after_kind = false;
    words(text).any(|word| {
        let is_kind = is_near(word, "kind");
        let found = WORDS.iter().any(|known| is_near(word, known))
            || word == "Secret"
            || (after_kind && (is_near(word, "Secret") || is_near(word, "SecretList")));
        // `kind: !!str Secret` says so too.
        after_kind = is_kind || (after_kind && word == "str");
        found
    })
}

/// Returns the parts of a text that stand in no `{{ … }}`.
fn around_expressions(text: &str) -> impl Iterator<Item = &str> {
    let outside =
        |(at, part): (usize, _)| if at == 0 { part } else { str::split_once(part, "}}").map_or("", |(_, rest)| rest) };
    text.split("{{").enumerate().map(outside)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, sound: bool) -> String {
        let mut sources = Sources::default();
        let name = if sound { "a.yaml" } else { "b.yaml" };
        let documents =
            super::super::read_documents(&mut sources, name, text.into(), &mut crate::diagnostic::Diagnostics::new());
        assert_eq!(documents.is_empty(), !sound, "{text}");
        let (_, file) = sources.files().next().expect("a file");
        let mut shown = file.text.to_string();
        for range in file.hidden().iter().rev() {
            shown.replace_range(range.start as usize..range.end as usize, "#");
        }
        shown
    }

    #[test]
    fn a_secret_shows_its_name_and_its_keys() {
        let text = "# who\napiVersion: v1\nkind: Secret\nmetadata: {name: db, labels: {a: b}}\ntype: Opaque\nstringDta:\n  pw: x # y\n  z: |\n    a: b\n";
        let told = "#\napiVersion: v1\nkind: Secret\nmetadata: #name: db# labels: #a: #\ntype: Opaque\nstringDta:\n  pw: #\n  z: #\n    #\n";
        assert_eq!(shown(text, true), told);
    }

    #[test]
    fn lists_in_lists_and_lists_of_secrets_are_seen_through() {
        for text in [
            "apiVersion: v1\nkind: List\nitems:\n- kind: List\n  items:\n  - kind: Secret\n    data: {a: TOKEN}\n",
            "apiVersion: v1\nkind: SecretList\nitems:\n- data: {a: TOKEN}\n",
            "apiVersion: fanfold.dev/v1\nkind: Batch\nprofiles: {p: {secrets: {db: {Data: {a: TOKEN}}}}}\n",
            "apiVersion: fanfold.dev/v1\nkind: Batch\npatch: {Secret/db: {data: {a: TOKEN}}}\n",
            "x: &x TOKEN\nkind: Secret\ndata: {a: *x}\n",
            "Kind: Secret\ndata: {a: TOKEN}\n",
            "kind: secret\ndata: {a: TOKEN}\n",
        ] {
            assert!(!shown(text, true).contains("TOKEN"), "{}", shown(text, true));
        }
        for text in [
            "kind: SealedSecret\napiVersion: a/v1\nspec: {a: TOKEN}\n",
            "apiVersion: v1\nkind: ServiceAccount\nsecrets: [{name: TOKEN}]\n",
        ] {
            assert!(shown(text, true).contains("TOKEN"), "{}", shown(text, true));
        }
    }

    #[test]
    fn a_spec_that_cannot_be_read_shows_all_but_its_parameters() {
        let text =
            "kind: Batch\nparams:\n  pw: x\n# y\n  tag: {default: z}\nworkloads:\n  w:\n    image: {{ params.tag }}\n";
        let told = "kind: Batch\nparams:\n  pw: #\n#\n  tag: #\nworkloads:\n  w:\n    image: {{ params.tag }}\n";
        assert_eq!(shown(text, false), told);
        let text = "{kind: Batch, params: {pw: x}, image: {{ params.tag }}}\n- a: [\n";
        assert!(!shown(text, false).contains('x'));
        let text = "profiles: {prod: {params: {pw: x}}}\na: b: c\n";
        assert!(!shown(text, false).contains('x'));
    }

    #[test]
    fn what_cannot_be_read_shows_keys_alone() {
        let text = "kind: Secret\nstringData:\n  pw: A: B\n  cert: |\n    x: y\n  - q\n  b: \"c\n  d: e\n";
        assert_eq!(shown(text, false), "kind: #\nstringData:\n  pw: #\n  cert: #\n    #\n  #\n  b: #\n  #\n");
    }
}
