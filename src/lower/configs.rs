//! ConfigMaps and Secrets: inline data and files in, objects with a content hash in their names out.
//!
//! References by the declared name are rewritten to the hashed one; a reference to what nothing declares is a finding.
//! The places of secret values are hidden from every excerpt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smol_str::{SmolStr, format_smolstr};

use super::draft::Draft;
use super::hash;
use super::metadata::metadata_of_batch;
use super::references::Used;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::expand::{Expanded, Options, World};
use crate::kubernetes::{Manifest, name};
use crate::text::{Entry, Key, Map, Node, Origin, Value};

/// What a reference points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl Source {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    pub(super) fn section(self) -> &'static str {
        match self {
            Self::ConfigMap => "configMaps",
            Self::Secret => "secrets",
        }
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ConfigMap => {
                &["data", "binaryData", "files", "immutable", "external", "nameHash", "labels", "annotations"]
            }
            Self::Secret => {
                &["data", "stringData", "files", "type", "immutable", "external", "nameHash", "labels", "annotations"]
            }
        }
    }
}

/// A ConfigMap or Secret as references see it.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The name of the object.
    pub name: SmolStr,
    /// The keys that it has; unknown where it is external.
    pub keys: Option<BTreeSet<SmolStr>>,
    /// Where it was declared.
    pub origin: Origin,
    /// The object; none where it is external.
    object: Option<Manifest>,
    /// Whether its name has no hash: others may refer to it by name.
    plain: bool,
}

/// ConfigMaps and Secrets by their declared names.
pub type Declared = BTreeMap<(Source, SmolStr), Shared>;

/// A name that another batch declares, and the namespace that refers to it; none is that of both batches.
pub type Borrowed = (Source, SmolStr, Option<SmolStr>);

/// The ConfigMaps and Secrets of a batch.
#[derive(Debug, Default)]
pub struct Configs {
    shared: Declared,
    /// What all batches of its namespace declare, this one included.
    others: Arc<Declared>,
    pub(super) known: Arc<BTreeSet<(SmolStr, SmolStr)>>,
    /// What this batch declares itself, and whether an object in its own namespace refers to it.
    pub(super) own: BTreeMap<(Source, SmolStr), AtomicBool>,
    /// The other namespaces from which each is referred to.
    pub(super) elsewhere: Mutex<BTreeSet<(Source, SmolStr, SmolStr)>>,
    /// What other batches declare, and the namespaces from which this one refers to it; none is its own.
    pub(super) borrowed: Mutex<BTreeSet<Borrowed>>,
    /// The claims and accounts that pods use and the batch does not declare, with the first place of each.
    uses: Mutex<BTreeMap<(Used, SmolStr, SmolStr), Origin>>,
    /// What the names of the claims of StatefulSets begin with, by namespace.
    claimed: Mutex<BTreeSet<(SmolStr, SmolStr)>>,
    /// Whether Secrets keep their declared names.
    secrets_elsewhere: bool,
}

impl Configs {
    /// Reads the ConfigMaps and Secrets of a batch; `known` are the kinds and names of objects that come as manifests.
    pub fn read(
        expanded: &Expanded,
        known: Arc<BTreeSet<(SmolStr, SmolStr)>>,
        options: &Options,
        world: &mut World<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut configs = Self { known, secrets_elsewhere: options.secrets_elsewhere, ..Self::default() };
        let batch = &expanded.batch;
        for (source, section) in [(Source::ConfigMap, &batch.config_maps), (Source::Secret, &batch.secrets)] {
            let mut entries: Vec<&Entry> = section.iter().collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            for entry in entries {
                configs.declare(source, entry, expanded, world, diagnostics);
            }
        }
        configs
    }

    /// Notes that pods of a namespace use an object that the batch does not declare.
    pub(super) fn note_use(&self, used: Used, namespace: SmolStr, name: SmolStr, origin: Origin) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let first = uses.entry((used, namespace, name)).or_insert(origin);
        *first = origin.min(*first);
    }

    /// Notes what the names of claims begin with that a StatefulSet makes.
    pub(super) fn note_claims(&self, namespace: SmolStr, prefix: SmolStr) {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert((namespace, prefix));
    }

    /// Returns the objects that pods use, with their namespaces and names, and the first place of each.
    pub fn uses(&self) -> BTreeMap<(Used, SmolStr, SmolStr), Origin> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a StatefulSet makes a claim: the name ends with the number of a pod.
    pub fn claims(&self, namespace: &SmolStr, name: &str) -> bool {
        let prefix = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        prefix.len() < name.len() && claimed.contains(&(namespace.clone(), prefix.into()))
    }

    /// Returns what the batch refers to, and others declare.
    pub fn borrowed(&self) -> BTreeSet<Borrowed> {
        self.borrowed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the references of another batch in the same namespace.
    pub fn lend(&self, borrowed: &BTreeSet<Borrowed>) {
        for (source, name, namespace) in borrowed {
            if self.own.contains_key(&(*source, name.clone())) {
                self.note(*source, name, namespace.as_ref());
            }
        }
    }

    /// Returns the objects, once all references are known.
    ///
    /// They live in the namespace of the batch, and a copy in every other one that refers to them. What is referred to
    /// from other namespaces only, and by nobody who could know its hashed name, lives there alone.
    pub fn objects(&self) -> Vec<Manifest> {
        let elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let is_elsewhere =
            |key: &(Source, SmolStr)| elsewhere.iter().any(|(of, name, _)| (*of, name) == (key.0, &key.1));
        let mut objects = Vec::new();
        for (key, at_home) in &self.own {
            let Some(Shared { object: Some(object), plain, .. }) = self.shared.get(key) else { continue };
            if *plain || at_home.load(Ordering::Relaxed) || !is_elsewhere(key) {
                objects.push(object.clone());
            }
        }
        for (source, name, namespace) in elsewhere.iter() {
            let shared = self.get(*source, name);
            objects.extend(shared.and_then(|shared| shared.object.as_ref()).map(|object| moved(object, namespace)));
        }
        objects
    }

    fn declare(
        &mut self,
        source: Source,
        entry: &Entry,
        expanded: &Expanded,
        world: &mut World<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let declared = &entry.key.text;
        let Some(definition) = entry.value.as_map() else { return };
        for unknown in definition.iter().filter(|field| !source.fields().contains(&field.key.text.as_str())) {
            diagnostics.push(
                Diagnostic::new(
                    Code::UnknownField,
                    unknown.key.origin,
                    format!("an entry of `{}` has no field `{}`", source.section(), unknown.key.text),
                )
                .maybe_help(suggestion(&unknown.key.text, source.fields().iter().copied())),
            );
        }
        if definition.get("external").is_some_and(super::draft::is_true) {
            let shared =
                Shared { name: declared.clone(), keys: None, origin: entry.key.origin, object: None, plain: true };
            self.shared.insert((source, declared.clone()), shared);
            return;
        }
        let mut content = Content { source, text: BTreeMap::new(), binary: BTreeMap::new() };
        content.read(definition, world, diagnostics);
        let is_elsewhere = source == Source::Secret && self.secrets_elsewhere;
        let hashed = definition.get("nameHash").is_none_or(super::draft::is_true) && !is_elsewhere;
        let name = if hashed { format_smolstr!("{declared}-{}", content.hash(definition)) } else { declared.clone() };
        let keys = content.text.keys().chain(content.binary.keys()).cloned().collect();
        let object = object(source, &name, entry, definition, &content, expanded);
        let origin = entry.key.origin;
        let shared = Shared { name, keys: Some(keys), origin, object: Some(object), plain: !hashed };
        self.shared.insert((source, declared.clone()), shared);
        self.own.insert((source, declared.clone()), AtomicBool::new(false));
    }

    /// Returns what the batch declares.
    pub fn declared(&self) -> &Declared {
        &self.shared
    }

    /// Adds what the batches of its namespace declare; own declarations hold.
    pub fn import(&mut self, others: Arc<Declared>) {
        self.others = others;
    }

    /// Returns what a declared name stands for.
    pub(super) fn get(&self, source: Source, name: &str) -> Option<&Shared> {
        let key = (source, SmolStr::new(name));
        self.shared.get(&key).or_else(|| self.others.get(&key))
    }

    /// Returns the names that references may use.
    pub(super) fn names(&self, source: Source) -> impl Iterator<Item = &str> {
        let all = self.shared.keys().chain(self.others.keys());
        all.filter(move |(of, _)| *of == source).map(|(_, name)| name.as_str())
    }
}

/// Returns a copy of an object in another namespace.
fn moved(object: &Manifest, namespace: &SmolStr) -> Manifest {
    let mut root = object.node.as_map().cloned().unwrap_or_default();
    let mut metadata = root.get("metadata").and_then(Node::as_map).cloned().unwrap_or_default();
    metadata.put("namespace", Node::string(namespace.clone(), object.origin));
    root.put("metadata", Node::map(metadata, object.origin));
    let mut key = object.key.clone();
    key.namespace = namespace.clone();
    Manifest { key, node: Node::map(root, object.node.origin()), origin: object.origin }
}

/// What a ConfigMap or Secret holds: texts, and base64 of other bytes.
struct Content {
    source: Source,
    text: BTreeMap<SmolStr, Node>,
    binary: BTreeMap<SmolStr, Node>,
}

impl Content {
    fn read(&mut self, definition: &Map, world: &mut World<'_>, diagnostics: &mut Diagnostics) {
        let (plain, encoded) = match self.source {
            Source::ConfigMap => ("data", "binaryData"),
            Source::Secret => ("stringData", "data"),
        };
        for entry in mapping(definition, plain, diagnostics) {
            let value = match entry.value.value() {
                Value::Bool(value) => SmolStr::new(if *value { "true" } else { "false" }),
                Value::Seq(_) | Value::Map(_) | Value::Null => {
                    diagnostics.push(not_a_text(&entry, "a text"));
                    continue;
                }
                _ => entry.value.text().cloned().unwrap_or_default(),
            };
            self.add(&entry, Node::string(value, entry.value.origin()), false, diagnostics);
        }
        for entry in mapping(definition, encoded, diagnostics) {
            let text = entry.value.text().cloned().unwrap_or_default();
            if entry.value.text().is_none() || STANDARD.decode(text.replace(['\n', '\r', ' '], "")).is_err() {
                diagnostics.push(not_a_text(&entry, "base64").maybe_help(
                    (self.source == Source::Secret).then_some("plain texts of a Secret belong under `stringData`"),
                ));
                continue;
            }
            self.add(&entry, Node::string(text, entry.value.origin()), true, diagnostics);
        }
        if let Some(files) = definition.get("files").filter(|node| !node.is_null()) {
            self.read_files(files, world, diagnostics);
        }
    }

    fn read_files(&mut self, files: &Node, world: &mut World<'_>, diagnostics: &mut Diagnostics) {
        let listed: Vec<(Key, Node)> = match (files.as_map(), files.as_seq()) {
            (Some(map), _) => map.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect(),
            (_, Some(items)) => items
                .iter()
                .map(|item| {
                    let text = item.as_str().unwrap_or_default();
                    let (key, path) = match text.split_once('=') {
                        Some((key, path)) => (key, path),
                        None => (text.rsplit('/').next().unwrap_or(text), text),
                    };
                    (Key::new(key, item.origin()), Node::string(path, item.origin()))
                })
                .collect(),
            _ => {
                diagnostics.push(Diagnostic::new(
                    Code::WrongType,
                    files.origin(),
                    format!("expected a list of paths, or a mapping of keys to paths, found {}", files.type_name()),
                ));
                return;
            }
        };
        for (key, path) in listed {
            let Some(text) = path.as_str().filter(|_| !path.is_null()) else {
                diagnostics.push(not_a_text(&Entry { key, value: path }, "a path"));
                continue;
            };
            let Some((_, bytes)) = world.read(text, path.origin(), diagnostics) else { continue };
            let entry = Entry { key, value: path.clone() };
            match String::from_utf8(bytes) {
                Ok(text) => self.add(&entry, Node::string(text, path.origin()), false, diagnostics),
                Err(error) => {
                    let encoded = STANDARD.encode(error.as_bytes());
                    self.add(&entry, Node::string(encoded, path.origin()), true, diagnostics);
                }
            }
        }
    }

    fn add(&mut self, entry: &Entry, value: Node, encoded: bool, diagnostics: &mut Diagnostics) {
        let key = &entry.key;
        if let Err(reason) = name::config_key(&key.text) {
            diagnostics.push(Diagnostic::new(
                Code::InvalidName,
                key.origin,
                format!("`{}` is no key: {reason}", key.text),
            ));
            return;
        }
        let known = self.text.get(&key.text).or_else(|| self.binary.get(&key.text));
        if let Some(known) = known {
            diagnostics.push(
                Diagnostic::new(Code::DuplicateKey, key.origin, format!("the key `{}` is given twice", key.text))
                    .also(known.origin(), "first here"),
            );
            return;
        }
        let target = if encoded { &mut self.binary } else { &mut self.text };
        target.insert(key.text.clone(), value);
    }

    /// Returns the data of a Secret: all of it in base64.
    fn encoded(&self) -> BTreeMap<&SmolStr, Node> {
        let plain = self.text.iter().map(|(key, node)| {
            let encoded = STANDARD.encode(node.as_str().unwrap_or_default());
            (key, Node::string(encoded, node.origin()))
        });
        let given = self.binary.iter().map(|(key, node)| {
            let compact = node.as_str().unwrap_or_default().replace(['\n', '\r', ' '], "");
            (key, Node::string(compact, node.origin()))
        });
        plain.chain(given).collect()
    }

    fn hash(&self, definition: &Map) -> SmolStr {
        fn texts<'n>(nodes: impl Iterator<Item = (&'n SmolStr, &'n Node)>) -> BTreeMap<&'n str, &'n str> {
            nodes.map(|(key, node)| (key.as_str(), node.as_str().unwrap_or_default())).collect()
        }
        match self.source {
            Source::ConfigMap => {
                let (text, binary) = (texts(self.text.iter()), texts(self.binary.iter()));
                hash::config_map((!text.is_empty()).then_some(&text), (!binary.is_empty()).then_some(&binary))
            }
            Source::Secret => {
                let encoded = self.encoded();
                let data = texts(encoded.iter().map(|(key, node)| (*key, node)));
                hash::secret(secret_type(definition), (!data.is_empty()).then_some(&data), None)
            }
        }
    }
}

fn secret_type(definition: &Map) -> &str {
    definition.get("type").and_then(Node::as_str).unwrap_or("Opaque")
}

fn mapping(definition: &Map, key: &str, diagnostics: &mut Diagnostics) -> Map {
    let Some(node) = definition.get(key).filter(|node| !node.is_null()) else { return Map::new() };
    if let Some(map) = node.as_map() {
        map.clone()
    } else {
        diagnostics.push(Diagnostic::new(
            Code::WrongType,
            node.origin(),
            format!("expected a mapping for `{key}`, found {}", node.type_name()),
        ));
        Map::new()
    }
}

fn not_a_text(entry: &Entry, expected: &str) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        entry.value.origin(),
        format!("expected {expected} for `{}`, found {}", entry.key.text, entry.value.type_name()),
    )
}

fn object(
    source: Source,
    name: &SmolStr,
    entry: &Entry,
    definition: &Map,
    content: &Content,
    expanded: &Expanded,
) -> Manifest {
    let batch = &expanded.batch;
    let origin = entry.key.origin;
    let metadata = metadata_of_batch(batch, name, batch.namespace.clone(), entry);
    let data = |nodes: BTreeMap<&SmolStr, Node>| {
        let entries = nodes.into_iter().map(|(key, value)| Entry { key: Key::new(key.clone(), value.origin()), value });
        let map: Map = entries.collect();
        (!map.is_empty()).then(|| Node::map(map, origin))
    };
    let plain = |nodes| data(BTreeMap::iter(nodes).map(|(key, value)| (key, Node::clone(value))).collect());
    let draft = Draft::new(origin).text("apiVersion", "v1").text("kind", source.kind()).node("metadata", metadata);
    let draft = draft.maybe("immutable", definition.get("immutable").cloned());
    let node = match source {
        Source::ConfigMap => draft.maybe("data", plain(&content.text)).maybe("binaryData", plain(&content.binary)),
        Source::Secret => draft.maybe("data", data(content.encoded())).text("type", secret_type(definition)),
    }
    .done();
    let namespace = batch.namespace.as_ref().and_then(Node::text).cloned().unwrap_or_default();
    Manifest { key: super::object_key("v1", source.kind(), namespace, name), node, origin }
}
