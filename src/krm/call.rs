//! The list that came in, and the list that goes back.
//!
//! Items keep their order and their notes: the path, index and id by which the orchestrator finds them again. What the
//! specs make comes behind them, or takes the place of the item that it was made into before.

use std::collections::HashMap;

use crate::compile::Compilation;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, words};
use crate::kubernetes::{Manifest, ObjectKey, tool_note};
use crate::read::Document;
use crate::text::{Entry, FileId, Key, Map, Node, Origin, Value, scalar};

const GROUP: &str = "config.kubernetes.io/";
const KIND: &str = "ResourceList";
const LOCAL: &str = "config.kubernetes.io/local-config";
/// Where an orchestrator of packages says which file an item is from; older ones leave the prefix out.
const PATHS: &[&str] = &["internal.config.kubernetes.io/path", "config.kubernetes.io/path"];

/// A `ResourceList` that was read.
#[derive(Clone, Debug)]
pub struct Call {
    root: Node,
    /// All items, in order.
    pub items: Vec<Node>,
    /// The function config; none where it is missing or empty.
    pub config: Option<Node>,
    file: FileId,
}

impl Call {
    /// Reads the list; none where there is none, which is told.
    pub fn read(documents: &[Document], diagnostics: &mut Diagnostics) -> Option<Self> {
        let (first, others) = documents.split_first()?;
        let root = &first.root;
        let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
        if text("kind") != KIND || !text("apiVersion").starts_with(GROUP) {
            let found = match (text("apiVersion"), text("kind")) {
                _ if root.as_map().is_none() => words::found(root, false),
                ("", "") => "a mapping that says neither `apiVersion` nor `kind`".to_owned(),
                (_, "") => "an object without a `kind`".to_owned(),
                ("", kind) => format!("`{kind}` without an `apiVersion`"),
                (api_version, kind) => format!("`{kind}` of `{api_version}`"),
            };
            let origin = root.get("kind").map_or(root.origin().at_start(), Node::origin);
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidValue,
                    origin,
                    format!("expected a `{KIND}` of `{GROUP}v1`, found {found}"),
                )
                .help("manifests as they are go to `fanfold check -` or `fanfold post-render`"),
            );
            return None;
        }
        if let Some(second) = others.first() {
            let message = format!("expected one `{KIND}`, found a second document");
            diagnostics.push(Diagnostic::new(Code::InvalidYaml, second.root.origin().at_start(), message));
            return None;
        }
        let Some(items) = root.get("items") else {
            let message = format!("missing field `items` of the `{KIND}`");
            diagnostics.push(Diagnostic::new(Code::MissingField, root.origin().at_start(), message));
            return None;
        };
        if items.as_seq().is_none() && !items.is_null() {
            let message = format!("expected a list of items, found {}", words::found(items, false));
            diagnostics.push(Diagnostic::new(Code::WrongType, items.origin(), message));
            return None;
        }
        let empty = |node: &&Node| node.is_null() || node.as_map().is_some_and(Map::is_empty);
        let config = root.get("functionConfig").filter(|node| !empty(node)).cloned();
        let items = items.as_seq().unwrap_or_default().to_vec();
        Some(Self { root: root.clone(), items, config, file: first.file })
    }

    /// Whether kustomize asks for objects: then all that it sends is the config, which no file is named for.
    pub fn is_generator(&self) -> bool {
        let Some(config) = self.config.as_ref().and_then(ObjectKey::of) else { return false };
        let own = |item: &Node| ObjectKey::of(item).as_ref() == Some(&config) && path_of(item).is_none();
        !self.items.is_empty() && self.items.iter().all(own)
    }

    /// Returns the items that are objects for a cluster, each as a document with its number among all items.
    pub fn objects(&self) -> Vec<(usize, Document)> {
        let config = self.config.as_ref().and_then(ObjectKey::of);
        let is_object = |item: &Node| {
            let own = item.get("apiVersion").and_then(Node::as_str).is_some_and(|api| api.starts_with("fanfold.dev/"));
            !own && note(item, LOCAL) != Some("true") && (config.is_none() || ObjectKey::of(item) != config)
        };
        let objects = self.items.iter().enumerate().filter(|(_, item)| is_object(item));
        objects.map(|(number, item)| (number, Document::new(item.clone(), self.file))).collect()
    }

    /// Returns the item that holds a place.
    pub fn item_at(&self, origin: Origin) -> Option<&Node> {
        let holds = |item: &&Node| {
            let all = item.origin();
            all.file == origin.file && all.start <= origin.start && origin.start < all.end.max(all.start + 1)
        };
        self.items.iter().find(holds)
    }

    /// Returns the items as they leave: patched, and followed by what the specs make.
    pub fn answer(&self, compilation: &Compilation) -> Vec<Node> {
        let numbers: Vec<usize> = self.objects().into_iter().map(|(number, _)| number).collect();
        let mut patched: HashMap<usize, (bool, Vec<&Node>)> = HashMap::new();
        for rendered in compilation.rendered() {
            let entry = patched.entry(numbers[rendered.document]).or_default();
            entry.0 |= rendered.changed;
            entry.1.push(&rendered.manifest.node);
        }
        let mut items = Vec::new();
        for (number, item) in self.items.iter().enumerate() {
            match patched.get(&number) {
                Some((true, nodes)) => items.extend(nodes.iter().copied().cloned()),
                _ => items.push(as_written(item)),
            }
        }
        let identity = |key: ObjectKey| (key.group, key.kind, key.namespace, key.name);
        let mut places: HashMap<_, usize> = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            places.extend(ObjectKey::of(item).map(|key| (identity(key), at)));
        }
        for Manifest { key, node, .. } in compilation.objects() {
            match places.get(&identity(key)) {
                Some(at) => items[*at] = with_notes_of(&items[*at], &node),
                None => items.push(node),
            }
        }
        items
    }

    /// Returns the items as they came.
    pub fn unchanged(&self) -> Vec<Node> {
        self.items.iter().map(as_written).collect()
    }

    /// Returns the whole list with other items and with results.
    pub fn list(&self, items: Vec<Node>, results: Vec<Node>) -> Node {
        let mut list = self.root.as_map().cloned().unwrap_or_default();
        if let Some(config) = &self.config {
            list.put("functionConfig", as_written(config));
        }
        list.put("items", Node::seq(items, Origin::NOWHERE));
        list.remove("results");
        if !results.is_empty() {
            list.put("results", Node::seq(results, Origin::NOWHERE));
        }
        Node::map(list, self.root.origin())
    }
}

/// Returns a tree that is written with the very words of its unquoted scalars: what `yes` means is not for a function to
/// say that changes nothing.
fn as_written(node: &Node) -> Node {
    let value = match node.value() {
        Value::Plain(text) if scalar::resolve(text) != scalar::Meaning::Text => Value::Number(text.clone()),
        Value::Seq(items) => Value::Seq(items.iter().map(as_written).collect()),
        Value::Map(map) => {
            let entry = |entry: &Entry| Entry { key: entry.key.clone(), value: as_written(&entry.value) };
            Value::Map(map.iter().map(entry).collect())
        }
        _ => return node.clone(),
    };
    Node::new(value, node.origin())
}

/// Returns a list that holds nothing but results, for an input that was none.
pub fn with_results(results: Vec<Node>) -> Node {
    let mut list = Map::new();
    list.put("apiVersion", Node::string(format!("{GROUP}v1"), Origin::NOWHERE));
    list.put("kind", Node::string(KIND, Origin::NOWHERE));
    list.put("items", Node::seq(Vec::new(), Origin::NOWHERE));
    list.put("results", Node::seq(results, Origin::NOWHERE));
    Node::map(list, Origin::NOWHERE)
}

/// Tells that there is neither a config nor an item.
pub fn nothing_to_do(file: FileId) -> Diagnostic {
    let message = format!("the `{KIND}` has neither a `functionConfig` nor items: there is nothing to do");
    Diagnostic::new(Code::MissingField, Origin::new(file, 0, 0), message).severity(Severity::Error)
}

/// Returns the file that an orchestrator says an item is from, and its number in it.
pub(super) fn path_of(item: &Node) -> Option<(&str, i64)> {
    let path = PATHS.iter().find_map(|key| note(item, key))?;
    let index = PATHS.iter().find_map(|key| note(item, &key.replace("/path", "/index")));
    Some((path, index.and_then(|index| index.parse().ok()).unwrap_or(0)))
}

fn note<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    item.at(&["metadata", "annotations"])?.get(key)?.as_str()
}

/// Returns an object with the notes of the item whose place it takes.
fn with_notes_of(item: &Node, object: &Node) -> Node {
    let annotations = |node: &Node| node.at(&["metadata", "annotations"]).and_then(Node::as_map).cloned();
    let mut all = annotations(object).unwrap_or_default();
    for entry in annotations(item).into_iter().flatten().filter(|entry| tool_note(&entry.key.text)) {
        all.set(entry.key, entry.value);
    }
    if all.is_empty() {
        return object.clone();
    }
    let set = |node: Option<&Node>, key: &str, value: Node| {
        let mut map = node.and_then(Node::as_map).cloned().unwrap_or_default();
        map.set(Key::new(key, object.origin()), value);
        Node::map(map, object.origin())
    };
    let metadata = set(object.get("metadata"), "annotations", Node::map(all, object.origin()));
    set(Some(object), "metadata", metadata)
}
