//! A document in, its sections out; unknown keys and sections of a wrong type are findings, and are left out.

use smol_str::SmolStr;

use super::{Level, Section, WorkloadKind, keys, ours, slug};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Edit, Fix};
use crate::kubernetes::name::{dns_label, dns_subdomain, label_value};
use crate::kubernetes::tool_note;
use crate::read::Document;
use crate::text::{Entry, FileId, Map, Node, Origin};

/// The apiVersion of specs.
pub const API_VERSION: &str = "fanfold.dev/v1";
/// The kind of specs.
pub const KIND: &str = "Batch";
/// The kind of partial batches, which others include.
pub const PART: &str = "Part";
/// The kind of configs of the KRM function.
pub const FUNCTION: &str = "Function";

/// One batch, as written.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The whole document.
    pub root: Node,
    /// The file that holds it.
    pub file: FileId,
    /// The files of the parts that it includes.
    pub parts: Vec<FileId>,
    /// `metadata.name`.
    pub name: SmolStr,
    /// Where the name was written.
    pub name_origin: Origin,
    /// `metadata.namespace`.
    pub namespace: Option<Node>,
    /// `metadata.labels`.
    pub labels: Option<Node>,
    /// `metadata.annotations`.
    pub annotations: Option<Node>,
    /// Declarations of parameters.
    pub params: Map,
    /// Fan-outs by name.
    pub matrices: Map,
    /// The partial workload under all others.
    pub defaults: Option<Node>,
    /// Partial workloads and objects by name.
    pub templates: Map,
    /// What becomes objects, by name: the entries of each section.
    sections: [Map; Section::ALL.len()],
    /// `axisLabels`, for the entries that do not say it.
    pub axis_labels: Option<Entry>,
    /// `selectorLabels`, for the workloads that do not say it.
    pub selector_labels: Option<Entry>,
    /// Paths of manifests to pass through.
    pub manifests: Vec<Node>,
    /// Paths of policies that the objects are held against.
    pub policies: Vec<Node>,
    /// Rule sets that its objects are held to.
    pub rules: Vec<Node>,
    /// Partial batches by name.
    pub profiles: Map,
    /// Strategic merge patches by kind.
    pub patch: Option<Node>,
    /// JSON patches by kind.
    pub patch_json: Option<Node>,
}

/// Whether a document says that it is a batch spec.
pub fn is_batch(root: &Node) -> bool {
    if is_part(root) {
        return false;
    }
    let group = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    group.starts_with("fanfold.dev/") || (group.is_empty() && root.get("workloads").is_some())
}

/// Whether a document says that it is a part of batches.
pub fn is_part(root: &Node) -> bool {
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    text("kind") == PART && text("apiVersion").starts_with("fanfold.dev/")
}

/// Whether a document is a config of the KRM function, which names specs and is none itself.
pub fn is_function(root: &Node) -> bool {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    text("kind") == Some(FUNCTION) && text("apiVersion") == Some(API_VERSION)
}

impl Batch {
    /// Tells the sections of a document apart.
    pub fn read(document: &Document, diagnostics: &mut Diagnostics) -> Option<Self> {
        let root = &document.root;
        let map = root.as_map()?;
        check_header(root, KIND, diagnostics);
        check_keys(map, KIND, diagnostics);
        let metadata = section(map, "metadata", diagnostics);
        let written = metadata.get("name");
        let name = written.and_then(Node::text).cloned();
        if name.is_none() && !written.is_some_and(Node::is_broken) {
            diagnostics.push(
                Diagnostic::new(
                    Code::MissingField,
                    map.entry("metadata").map_or(root.origin().at_start(), |entry| entry.key.origin),
                    "a batch needs `metadata.name`",
                )
                .help("write `metadata: {name: shop}`")
                .with_fix(Fix::sketch(
                    map.iter()
                        .next()
                        .filter(|_| !map.contains("metadata"))
                        .map(|entry| Edit::beside(entry, "metadata: {name: NAME}")),
                )),
            );
        }
        if let (Some(name), Some(node)) = (&name, written)
            && let Err(reason) = dns_subdomain(name)
        {
            let better = slug(name);
            diagnostics.push(
                Diagnostic::new(Code::InvalidName, node.origin(), format!("`{name}` is no name for a batch: {reason}"))
                    .maybe_help((!better.is_empty()).then(|| format!("write `{better}`")))
                    .with_fix(Fix::unsure(
                        (!better.is_empty()).then(|| Edit::word(node.origin(), name.as_str(), better)),
                    )),
            );
        }
        for Entry { key, .. } in map.get("profiles").and_then(Node::as_map).into_iter().flatten() {
            // `-p` takes several names with commas between them.
            if let Err(reason) = if key.text.is_empty() { dns_label(&key.text) } else { label_value(&key.text) } {
                let message = format!("`{}` is no name for a profile: {reason}", key.text);
                diagnostics.push(Diagnostic::new(Code::InvalidName, key.origin, message));
            }
        }
        Some(Self {
            root: root.clone(),
            file: document.file,
            parts: document.parts().collect(),
            name_origin: metadata.get("name").map_or(root.origin(), Node::origin),
            name: name.unwrap_or_else(|| "unnamed".into()),
            namespace: metadata.get("namespace").filter(|node| !node.is_null()).cloned(),
            labels: mapping(&metadata, "labels", diagnostics),
            annotations: mapping(&metadata, "annotations", diagnostics).map(|node| without_notes(&node)),
            params: section(map, "params", diagnostics),
            defaults: mapping(map, "defaults", diagnostics),
            matrices: definitions(map, "matrices", diagnostics),
            templates: definitions(map, "templates", diagnostics),
            sections: Section::ALL.map(|section| {
                let read = if section.takes_names() { named } else { definitions };
                read(map, section.key(), diagnostics)
            }),
            axis_labels: shared(map, "axisLabels"),
            selector_labels: shared(map, "selectorLabels"),
            manifests: list(map, "manifests", diagnostics),
            policies: list(map, "policies", diagnostics),
            rules: list(map, "rules", diagnostics),
            profiles: definitions(map, "profiles", diagnostics),
            patch: mapping(map, "patch", diagnostics),
            patch_json: mapping(map, "patchJSON6902", diagnostics),
        })
    }
}

impl Batch {
    /// Returns the entries of a section.
    pub fn section(&self, section: Section) -> &Map {
        &self.sections[section as usize]
    }

    /// Whether a place is in the file of the batch, or of a part that it includes.
    pub fn holds(&self, place: Origin) -> bool {
        self.file == place.file || self.parts.contains(&place.file)
    }

    /// Whether a place is not in a part that the batch includes.
    pub fn is_own(&self, place: Origin) -> bool {
        !self.parts.contains(&place.file)
    }
}

/// Looks at the keys of a part, and returns what of it takes part in the batches that include it; what it includes itself is
/// left to the reader of files.
pub fn check_part(root: &Node, diagnostics: &mut Diagnostics) -> Option<Node> {
    check_header(root, PART, diagnostics);
    // What does not say that it is one was not looked through for secrets as one is.
    let map = root.as_map().filter(|_| is_part(root))?;
    check_keys(map, PART, diagnostics);
    let mut kept = Map::new();
    for entry in map {
        match entry.key.text.as_str() {
            "apiVersion" | "kind" | "include" => {}
            "metadata" => {
                let known = |entry: &&Entry| METADATA[1..].contains(&entry.key.text.as_str());
                let value = entry.value.as_map().map_or_else(
                    || entry.value.clone(),
                    |map| Node::map(map.iter().filter(known).cloned().collect(), entry.value.origin()),
                );
                kept.push(entry.key.clone(), value);
            }
            key if keys::knows(keys::BATCH, key) => kept.push(entry.key.clone(), entry.value.clone()),
            _ => {}
        }
    }
    Some(Node::map(kept, root.origin()))
}

/// The keys of `metadata`; a part has no name.
const METADATA: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// Reports keys that neither a batch nor a part has.
fn check_keys(map: &Map, kind: &str, diagnostics: &mut Diagnostics) {
    let noun = kind.to_ascii_lowercase();
    for entry in map {
        if !keys::knows(keys::BATCH, &entry.key.text) {
            let known = keys::names(&[keys::BATCH]);
            let word = entry.key.text.as_str();
            let misplaced = || {
                let is_own = keys::knows(keys::WORKLOAD, word) || keys::knows(keys::FAN_OUT, word);
                is_own.then(|| "it is a field of a workload: write it under `workloads.NAME`".to_owned())
            };
            let help = ours(Level::Batch, word).or_else(misplaced);
            diagnostics.push(
                Diagnostic::new(
                    Code::UnknownField,
                    entry.key.origin,
                    format!("a {noun} has no field `{}`", entry.key.text),
                )
                .did_you_mean_word(word, known.into_iter().filter(|_| help.is_none()))
                .maybe_help(help),
            );
        }
    }
    let known = if kind == PART { &METADATA[1..] } else { &METADATA[..] };
    for entry in map.get("metadata").and_then(Node::as_map).into_iter().flatten() {
        let word = entry.key.text.as_str();
        if !known.contains(&word) {
            let finding = Diagnostic::new(
                Code::UnknownField,
                entry.key.origin,
                format!("the metadata of a {noun} has no field `{word}`"),
            );
            diagnostics.push(if kind == PART && word == "name" {
                finding.help("a part takes the name of the batch that includes it: leave it out")
            } else {
                finding.did_you_mean_word(word, known.iter().copied())
            });
        }
    }
}

fn check_header(root: &Node, kind: &str, diagnostics: &mut Diagnostics) {
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", kind)] {
        match root.get(key) {
            Some(node) if node.as_str() == Some(expected) => {}
            Some(node) => diagnostics.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    node.origin(),
                    format!("expected `{key}: {expected}`, found `{}`", node.as_str().unwrap_or(node.type_name())),
                )
                // It may be written for a later version.
                .with_fix(Fix::unsure([Edit::word(
                    node.origin(),
                    node.as_str().unwrap_or_default(),
                    expected,
                )])),
            ),
            None => diagnostics.push(
                Diagnostic::new(
                    Code::MissingField,
                    root.origin().at_start(),
                    format!("a {} needs `{key}: {expected}`", kind.to_ascii_lowercase()),
                )
                .with_fix(Fix::safe([Edit::bytes(root.origin().at_start(), format!("{key}: {expected}\n"))])),
            ),
        }
    }
}

fn wrong_type(node: &Node, what: &str, expected: &str) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        node.origin(),
        format!("expected {expected} for `{what}`, found {}", node.type_name()),
    )
}

/// Returns annotations without those that tell a tool how to call Fanfold with the spec: they are not for the objects.
fn without_notes(annotations: &Node) -> Node {
    let kept = annotations.as_map().into_iter().flatten().filter(|entry| !tool_note(&entry.key.text));
    Node::map(kept.cloned().collect(), annotations.origin())
}

fn mapping(map: &Map, key: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let node = map.get(key).filter(|node| !node.is_null())?;
    if node.as_map().is_none() {
        diagnostics.push(wrong_type(node, key, "a mapping"));
        return None;
    }
    Some(node.clone())
}

/// Returns what a batch says for its entries: they are where it is read.
fn shared(map: &Map, key: &str) -> Option<Entry> {
    map.entry(key).filter(|entry| !entry.value.is_null()).cloned()
}

fn section(map: &Map, key: &str, diagnostics: &mut Diagnostics) -> Map {
    mapping(map, key, diagnostics).and_then(|node| node.as_map().cloned()).unwrap_or_default()
}

/// Reads a section whose values are mappings; a null leaves the name out.
fn definitions(map: &Map, key: &str, diagnostics: &mut Diagnostics) -> Map {
    let mut kept = Map::new();
    let entries = section(map, key, diagnostics);
    // Fields of a workload without a name: of all, the `kind` is told.
    let misplaced = key == "workloads" && entries.iter().any(is_kind);
    for entry in entries {
        if entry.value.as_map().is_some() {
            kept.push(entry.key, entry.value);
        } else if !entry.value.is_null() && misplaced && is_kind(&entry) {
            diagnostics.push(nameless(map, &entry));
        } else if !entry.value.is_null() && !misplaced {
            diagnostics.push(wrong_type(&entry.value, &format!("{key}.{}", entry.key.text), "a mapping"));
        }
    }
    if misplaced {
        return kept.into_iter().filter(|entry| entry.value.get("kind").is_some()).collect();
    }
    kept
}

/// Whether an entry of `workloads` is the kind of one that should stand around it.
fn is_kind(entry: &Entry) -> bool {
    entry.key.text == "kind" && entry.value.as_str().is_some_and(|kind| WorkloadKind::parse(kind).is_some())
}

/// Returns the finding about fields that stand where the names of workloads do.
fn nameless(map: &Map, kind: &Entry) -> Diagnostic {
    let finding = Diagnostic::new(
        Code::WrongType,
        kind.key.origin,
        "expected the name of a workload, found `kind`, which is a field of one",
    );
    let names = map.get("workloads").and_then(Node::as_map).into_iter().flatten();
    match names.take_while(|entry| entry.key.text != "kind").filter(|entry| entry.value.is_null()).last() {
        Some(name) => finding
            .also(name.key.origin, "the workload has no fields")
            .help(format!("indent the fields deeper than `{}`", name.key.text)),
        None => finding.help("write a name above the fields, and indent them deeper: `workloads: {NAME: {kind: …}}`"),
    }
}

/// Reads a section that may be a plain list of names, or names with nothing behind them.
fn named(map: &Map, key: &str, diagnostics: &mut Diagnostics) -> Map {
    let Some(node) = map.get(key).filter(|node| !node.is_null()) else { return Map::new() };
    let mut kept = Map::new();
    let empty = |origin| Node::map(Map::new(), origin);
    match (node.as_map(), node.as_seq()) {
        (Some(entries), _) => {
            for entry in entries {
                if entry.value.is_null() {
                    kept.push(entry.key.clone(), empty(entry.key.origin));
                } else if entry.value.as_map().is_some() {
                    kept.push(entry.key.clone(), entry.value.clone());
                } else {
                    diagnostics.push(wrong_type(&entry.value, &format!("{key}.{}", entry.key.text), "a mapping"));
                }
            }
        }
        (_, Some(items)) => {
            for item in items {
                match item.text() {
                    Some(name) => kept.set(crate::text::Key::new(name.clone(), item.origin()), empty(item.origin())),
                    None => diagnostics.push(wrong_type(item, key, "a name")),
                }
            }
        }
        _ => diagnostics.push(wrong_type(node, key, "a mapping or a list of names")),
    }
    kept
}

fn list(map: &Map, key: &str, diagnostics: &mut Diagnostics) -> Vec<Node> {
    let Some(node) = map.get(key).filter(|node| !node.is_null()) else { return Vec::new() };
    match node.as_seq() {
        Some(items) => items.to_vec(),
        None if node.text().is_some() => vec![node.clone()],
        None => {
            diagnostics.push(wrong_type(node, key, "a list"));
            Vec::new()
        }
    }
}
